"""What an estimate leaves where its target is silent, which no frame of BSS Eval tells: silent frames have no score.

    Leakage = 10 log10 (Σ ŝ² / Σ x²)   over the samples in which the target is not active,

x being the mixture: 0 dB is the mixture as it is, less is better. It is what a gate is for.
"""

from __future__ import annotations

import numpy as np

FLOOR_DB = -100.0
"""An estimate that is exactly silent there leaves this much; so that medians and differences stay finite."""


def leakage(estimate: np.ndarray, mixture: np.ndarray, active: np.ndarray) -> float:
    """Leakage in dB of an estimate ``(channel, sample)`` in a mixture of that shape, at least :data:`FLOOR_DB`.

    `active` is bool ``(sample,)``. NaN where the target is active throughout, or the mixture is silent in its pauses.
    """
    paused = ~active
    there = float((mixture[:, paused].astype(np.float64) ** 2).sum())
    if not there:
        return float("nan")
    left = float((estimate[:, paused].astype(np.float64) ** 2).sum())
    return float(10 * np.log10(max(left / there, 10 ** (FLOOR_DB / 10))))


def samples_of(frames: np.ndarray, hop: int, samples: int) -> np.ndarray:
    """Labels ``(frame,)`` of centred frames as labels ``(sample,)``: a sample has that of the nearest frame."""
    nearest = (np.arange(samples) + hop // 2) // hop
    return np.asarray(frames[np.minimum(nearest, len(frames) - 1)])
