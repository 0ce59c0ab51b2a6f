"""The frames of a song in which it is scored, and the frames without a score.

Conventions
-----------
Frame k covers samples ``[k·hop, k·hop + window)``. The last, partial window is left out; a song no longer than the
window is one frame. A signal is *silent* in a frame when the sum over its channels is zero at every sample of it, so
also when two channels cancel. All of it as in museval 0.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_LOOKED_AT = 1024  # samples at a time


@dataclass(frozen=True)
class Framing:
    """Frames of `window` samples every `hop` samples; a window of None or infinity is one frame over the whole song.

    Neither need be a whole number: frames begin and end with the sample before, as in museval.

    Raises
    ------
    ValueError
        When the window or the hop is shorter than a sample.
    """

    samples: int
    window: float | None = None
    hop: float | None = None

    def __post_init__(self) -> None:
        if any(length is not None and not length >= 1 for length in (self.window, self.hop)):
            raise ValueError(f"window {self.window} and hop {self.hop} samples, expected at least 1")

    @property
    def whole(self) -> bool:
        """Whether the only frame is the whole song."""
        return self.window is None or self.window >= self.samples

    @property
    def slices(self) -> list[tuple[int, int]]:
        """First sample and end of every frame."""
        if self.window is None or self.whole:
            return [(0, self.samples)]
        hop = self.hop if self.hop is not None else self.window
        count = 1 if hop == math.inf else math.floor((self.samples - self.window + hop) / hop)
        starts = [frame * hop if frame else 0 for frame in range(count)]
        return [(math.floor(start), math.floor(min(start + self.window, self.samples))) for start in starts]


def frame_starts(samples: int, window: int, hop: int) -> np.ndarray:
    """First sample of every frame."""
    return np.array([start for start, _ in Framing(samples, window, hop).slices], dtype=int)


def sounds(rows: np.ndarray, channels: int) -> np.ndarray:
    """Whether each source is not silent in rows ``(source · channel, sample)``: ``(source,)``."""
    sources = rows.reshape(-1, channels, rows.shape[1])
    return np.array([_sounds(source) for source in sources], dtype=bool)


def _sounds(source: np.ndarray) -> bool:
    """Of one source ``(channel, sample)``; most tell it by their beginning."""
    return any(
        source[:, first : first + _LOOKED_AT].sum(axis=0).any() for first in range(0, source.shape[1], _LOOKED_AT)
    )


def drop_reasons(sounding: dict[str, np.ndarray]) -> np.ndarray:
    """Why a frame has no score: 'silent <name>' of the first signal that is silent in it, or ''.

    Parameters
    ----------
    sounding
        For signals by name, whether they are not silent, ``(frame,)``.
    """
    reasons = np.full(len(next(iter(sounding.values()))), "", dtype=object)
    for name, values in reversed(sounding.items()):
        reasons[~values] = f"silent {name}"
    return reasons
