"""One note of a score or of a performance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Note:
    """A note; `start` and `end` are beats in a score and seconds in a performance."""

    start: float
    end: float
    pitch: int
    velocity: int
