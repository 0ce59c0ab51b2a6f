"""A trained network of one target on a user's song."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.base.progress import track
from reprosep.experiments.song import Song, seconds_of_frames
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.trained import TrainedRun
from reprosep.models.whole_song import estimate_song
from reprosep.papers.system import Variant
from reprosep.separation.gate import gate_for


def separator(run: TrainedRun) -> Callable[[np.ndarray, Variant], np.ndarray]:
    """Estimates ``(1, channel, sample)`` of a wave ``(channel, sample)`` by test-time variant."""
    model = run.model()

    def estimates(wave: np.ndarray, variant: Variant) -> np.ndarray:
        estimate = separate(model, wave, run.params)
        nothing = np.zeros(estimate.spectrum.frames, bool)
        return estimate.wave(gate_for(variant, estimate.probability, nothing, run.params.separation))[None]

    return estimates


def probabilities(run: TrainedRun, song: Song) -> np.ndarray:
    """By the activity head alone, part by part, ``(second, 1)``."""
    params, model = run.params, run.model()
    spectrum = ChunkedSpectrum(song.wave(params.audio.sample_rate, run.channels), params.stft.n_fft, params.stft.hop)
    chunk = params.separation.chunk_frames
    parts = estimate_song(model, lambda first, end: spectrum.chunk(first, end).abs(), spectrum.frames, chunk)
    tracked = track(parts, run.title, -(-spectrum.frames // chunk))
    logits = torch.cat([logit for _, _, logit in tracked if logit is not None])
    return seconds_of_frames(torch.sigmoid(logits.double()).numpy()[None], run.params, song.seconds)
