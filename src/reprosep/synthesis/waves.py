"""int16 sound of rendered songs on disk, and its exact sum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def write_wave(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    """Write int16 samples in the format of the suffix, wav or flac."""
    soundfile.write(path, audio, sample_rate, subtype="PCM_16")


def exact_sum(stems: list[np.ndarray]) -> np.ndarray:
    """The integer sum of int16 stems; it must fit in int16."""
    total = np.sum(stems, axis=0, dtype=np.int32)
    if total.size and np.abs(total).max() > 32767:
        raise ValueError("the sum of the stems clips: the common gain of the song is too high")
    return np.asarray(total.astype(np.int16))


def to_mono(stem: np.ndarray) -> np.ndarray:
    """int16 `(samples, 2)` to int16 `(samples,)`: the rounded mean of both channels."""
    return np.asarray(np.rint(stem.mean(axis=1)).astype(np.int16))
