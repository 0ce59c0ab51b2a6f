"""A trained network of several targets on a user's song."""

from __future__ import annotations

import numpy as np
import torch

from reprosep.base.progress import track
from reprosep.experiments.joint.estimate import separate_jointly
from reprosep.experiments.separating import Advance, Separator
from reprosep.experiments.song import Song, seconds_of_frames
from reprosep.experiments.trained import TrainedRun
from reprosep.papers.system import Variant
from reprosep.separation.gate import gate_for


def separator(run: TrainedRun, device: torch.device) -> Separator:
    """Estimates ``(target, channel, sample)`` of a wave ``(channel, sample)`` by test-time variant."""
    model = run.model(device)

    def estimates(wave: np.ndarray, variant: Variant, advance: Advance) -> np.ndarray:
        several = separate_jointly(model, wave, run.params, advance)
        nothing = np.zeros(several[0].spectrum.frames, bool)
        gates = (gate_for(variant, one.probability, nothing, run.params.separation) for one in several)
        return np.stack([one.wave(gate) for one, gate in zip(several, gates, strict=True)])

    return estimates


def probabilities(run: TrainedRun, song: Song, device: torch.device) -> np.ndarray:
    """By the activity heads, ``(second, target)``."""
    params, wave = run.params, song.wave(run.params.audio.sample_rate, run.channels)
    (several,) = track((separate_jointly(run.model(device), wave, params) for _ in range(1)), run.title, 1)
    heads = np.stack([one.probability for one in several if one.probability is not None])
    return seconds_of_frames(heads, params, song.seconds)
