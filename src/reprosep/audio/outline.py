"""What a player draws of an excerpt: its outline, when a source plays, how sure a network is of it."""

from __future__ import annotations

import numpy as np

_COLUMNS = 300  # of an outline: about one per three pixels of a wide screen


def outline(wave: np.ndarray) -> list[int]:
    """Peaks of ``(channel, sample)`` in percent of full scale, one per stretch of about equal length."""
    peaks = np.abs(wave).max(axis=0)
    edges = np.linspace(0, len(peaks), min(_COLUMNS, len(peaks)) + 1).astype(int)
    return [min(100, round(100 * float(peaks[a:b].max()))) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def stretches(active: np.ndarray, frame_seconds: float) -> list[list[float]]:
    """``[from, to]`` in seconds of every run of true values in ``(frame,)``."""
    padded = np.concatenate([[0], np.asarray(active, dtype=np.int8), [0]])
    changes = np.flatnonzero(np.diff(padded))
    return [[round(float(place) * frame_seconds, 3) for place in pair] for pair in changes.reshape(-1, 2)]


def percent(probability: np.ndarray) -> list[int]:
    """Probabilities ``(frame,)`` as whole percents."""
    return [int(value) for value in np.rint(100 * probability)]
