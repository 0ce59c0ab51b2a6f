"""A trained network of several sources on a user's song: chunk by chunk, which it separates independently."""

from __future__ import annotations

import numpy as np
import torch

from reprosep.audio.frames import chunk_samples
from reprosep.base.errors import UserError
from reprosep.base.progress import track
from reprosep.experiments.separating import Advance, Separator
from reprosep.experiments.song import Song, seconds_of_frames
from reprosep.experiments.sources.estimate import separate_sources
from reprosep.experiments.trained import TrainedRun
from reprosep.papers.system import Variant
from reprosep.separation.gate import gates_for


def separator(run: TrainedRun, device: torch.device) -> Separator:
    """Estimates ``(target, 1, sample)`` of a wave ``(1, sample)`` by test-time variant."""
    model, params, count = run.model(device), run.params, len(run.targets)
    size = params.models.of_sources(run.model_name)

    def estimates(wave: np.ndarray, variant: Variant, _advance: Advance) -> np.ndarray:
        several = separate_sources(model, wave[0], params, size, chunk_samples(params), count)
        if several.probability is None:
            return several.waves()[:, None]
        labels = np.zeros_like(several.probability, dtype=bool)
        return several.waves(gates_for(variant, several.probability, labels, params.separation))[:, None]

    return estimates


def filtered(run: TrainedRun, device: torch.device) -> Separator:
    """The same behind the Wiener filter of all sources; `variant` is the gate before it.

    Raises
    ------
    UserError
        When the network estimates only one of the sources.
    """
    model, params, count = run.model(device), run.params, len(run.targets)
    if count < 2:
        raise UserError(
            f"--wiener: '{run.id}' estimates one source of a mixture, and the filter needs all; name a run whose "
            "network estimates all sources, or leave --wiener out"
        )
    size = params.models.of_sources(run.model_name)

    def estimates(wave: np.ndarray, variant: Variant, _advance: Advance) -> np.ndarray:
        several = separate_sources(model, wave[0], params, size, chunk_samples(params), count)
        labels = np.zeros((count, len(wave[0]) // params.stft.hop + 1), bool)
        gates = gates_for(variant, several.probability, labels, params.separation)
        return several.filtered(gates, params.separation.wiener)[:, None]

    return estimates


def probabilities(run: TrainedRun, song: Song, device: torch.device) -> np.ndarray:
    """By the activity heads, ``(second, target)``."""
    params, model, size = run.params, run.model(device), chunk_samples(run.params)
    sizes, wave = params.models.of_sources(run.model_name), song.wave(params.audio.sample_rate, 1)[0]
    parts, frames = [], size // params.stft.hop
    firsts = range(0, len(wave), size)
    for first in track(firsts, run.title, len(firsts)):
        part = separate_sources(model, wave[first : first + size], params, sizes, size, len(run.targets)).probability
        assert part is not None
        parts.append(part[:, :frames] if first + size < len(wave) else part)  # a shared frame is the later chunk's
    return seconds_of_frames(np.concatenate(parts, axis=1), params, song.seconds)
