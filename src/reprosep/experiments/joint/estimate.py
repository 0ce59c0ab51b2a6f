"""From a network of several targets and a mixture to the estimates of all: one forward pass over the song."""

from __future__ import annotations

import numpy as np

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.experiments.separating import Advance
from reprosep.experiments.target.estimate import Estimate, probability_of
from reprosep.models.joint_iass import JointIASS
from reprosep.models.whole_song import chunks_at_once, estimate_song
from reprosep.params.scale import Params


def separate_jointly(
    model: JointIASS, mixture: np.ndarray, params: Params, advance: Advance | None = None
) -> list[Estimate]:
    """The estimate of every target of `model` in a mixture ``(channel, sample)``, float32."""
    spectrum = ChunkedSpectrum(mixture, params.stft.n_fft, params.stft.hop)
    chunk, together = params.separation.chunk_frames, chunks_at_once(model, params.separation)
    shape = (model.targets, len(mixture), spectrum.n_fft // 2 + 1, spectrum.frames)
    magnitudes, logits = np.empty(shape, np.float32), np.zeros((model.targets, spectrum.frames), np.float32)
    parts = estimate_song(model, lambda a, b: spectrum.chunk(a, b).abs(), spectrum.frames, chunk, together)
    for first, part, logit, *_ in parts:
        magnitudes[..., first : first + part.shape[-1]] = part.cpu().numpy()
        if logit is not None:
            logits[:, first : first + logit.shape[-1]] = logit.cpu().numpy()
        if advance:
            advance(1)
    heads = model.head is not None
    return [
        Estimate(spectrum, own, probability if heads else None, chunk)
        for own, probability in zip(magnitudes, probability_of(logits), strict=True)
    ]
