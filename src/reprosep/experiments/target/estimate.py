"""From a network and a mixture to sound: the network's magnitudes with the mixture's phase.

Works in chunks of frames throughout, with the result of one pass over the song: the whole song is held as samples and
as one array of magnitudes, everything else by the chunk.

Shape: waves ``(channel, sample)``, magnitudes ``(channel, bin, frame)``, pitch probabilities ``(pitch, frame)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.experiments.separating import Advance
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import Magnitudes, chunks_at_once, estimate_song
from reprosep.params.scale import Params
from reprosep.params.work import Separation


@dataclass
class Estimate:
    """One forward pass over a song; any gate can be applied to it afterwards."""

    spectrum: ChunkedSpectrum
    magnitudes: np.ndarray
    probability: np.ndarray | None
    chunk: int
    pitches: np.ndarray | None = None

    def wave(self, gate: np.ndarray | None = None) -> np.ndarray:
        """The estimate's wave ``(channel, sample)``, frames weighted by `gate` ``(frame,)``."""
        return self.spectrum.inverse(self.magnitudes, gate, self.chunk)


def separate(model: IASS | OpenUnmix, mixture: np.ndarray, params: Params, advance: Advance | None = None) -> Estimate:
    """Estimate the target of `model` in a mixture ``(channel, sample)``, float32."""
    spectrum = ChunkedSpectrum(mixture, params.stft.n_fft, params.stft.hop)
    return estimate(model, spectrum, lambda a, b: spectrum.chunk(a, b).abs(), params.separation, advance)


def estimate(
    model: IASS | OpenUnmix,
    spectrum: ChunkedSpectrum,
    mixture: Magnitudes,
    settings: Separation,
    advance: Advance | None = None,
) -> Estimate:
    """The same of a mixture whose spectrum and magnitudes are there, some frames at a time."""
    chunk, together = settings.chunk_frames, chunks_at_once(model, settings)
    channels = len(mixture(0, 1))
    magnitudes = np.empty((channels, spectrum.n_fft // 2 + 1, spectrum.frames), np.float32)
    logits = np.zeros(spectrum.frames, np.float32)
    has_head = False
    pitches: list[np.ndarray] = []
    for first, part, logit, *told in estimate_song(model, mixture, spectrum.frames, chunk, together):
        magnitudes[:, :, first : first + part.shape[-1]] = part.cpu().numpy()
        if logit is not None:
            has_head = True
            logits[first : first + len(logit)] = logit.cpu().numpy()
        pitches += [pitch.cpu().numpy() for pitch in told]
        if advance:
            advance(1)
    probability = probability_of(logits) if has_head else None
    return Estimate(
        spectrum, magnitudes, probability, chunk, probability_of(np.concatenate(pitches, axis=1)) if pitches else None
    )


def probability_of(logits: np.ndarray) -> np.ndarray:
    """Of float32 logits, in float64."""
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))))
