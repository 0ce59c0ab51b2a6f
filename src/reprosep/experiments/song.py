"""A sound file of a user as networks hear it, and what is told of its frames told of its seconds.

Conventions
-----------
Probabilities are float64 ``(second, target)``; the last second is as short as the song leaves it. Mono networks hear
the mean of all channels. A head tells frames, of which a second takes the median.

References
----------
Hung and Lerch 2020, Section 4.2.3 (median of the frames of a second).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.audio.io import read_sound, resample, to_channels
from reprosep.params.scale import Params

_SILENT = 2.0**-16  # half a step of 16 bits, full scale 1


@dataclass(frozen=True)
class Song:
    """The samples ``(sample, channel)`` of a sound file and their rate in Hz."""

    samples: np.ndarray
    rate: int

    @classmethod
    def read(cls, path: Path) -> Song:
        """Any sound file; :class:`UserError` when it cannot be read."""
        return cls(*read_sound(path))

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.samples) / self.rate

    @property
    def seconds(self) -> int:
        """Seconds that are told, the last one as short as it is."""
        return -(-len(self.samples) // self.rate)

    def wave(self, rate: int, channels: int) -> np.ndarray:
        """The song as a network wants it, float32 ``(channel, sample)``."""
        wanted = resample(to_channels(self.samples, channels), self.rate, rate)
        return np.ascontiguousarray(wanted.T, dtype=np.float32)

    def silent(self) -> np.ndarray:
        """Whether a second holds nothing but digital silence, bool ``(second,)``."""
        peaks = np.abs(self.samples).max(axis=1)
        return np.asarray(np.maximum.reduceat(peaks, np.arange(self.seconds) * self.rate) < _SILENT)


def seconds_of_frames(frames: np.ndarray, params: Params, seconds: int) -> np.ndarray:
    """Per second the median over its frames ``(target, frame)``; one too short for a frame is as the one before."""
    times = np.arange(frames.shape[1]) * params.stft.hop / params.audio.sample_rate
    owner = np.minimum(times, seconds - 1).astype(int)
    table = pd.DataFrame(frames.T).groupby(owner).median()
    return np.array(table.reindex(range(seconds)).ffill(), dtype=np.float64)
