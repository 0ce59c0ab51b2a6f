"""How long a device works for one training, where it may work for others at the same time.

A processor has done what it was told when a call returns; a GPU has not, so that the training which waits for it would
be given the time of all that was queued by then. There the device itself notes when it comes past two marks in its
queue, before and after what a training asks of it, and is asked for the time between them only when a sum is wanted.

References
----------
CUDA Runtime API, ``cudaEventElapsedTime`` (resolution about 0.5 µs).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_MILLI = 1e-3


class StepClock:
    """The seconds that were measured since the last look."""

    def __init__(self, device: torch.device) -> None:
        self._marks: _GpuMarks | _ProcessorMarks = _GpuMarks() if device.type == "cuda" else _ProcessorMarks()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what the block asks of the device; one that an error ends has not been."""
        self._marks.begin()
        yield
        self._marks.end()

    def read(self) -> float:
        """Seconds of the blocks since the last look; waits until a GPU has come past the last of them."""
        return self._marks.seconds()


class _ProcessorMarks:
    """Times of the processor's own clock."""

    def __init__(self) -> None:
        self._sum = self._begun = 0.0

    def begin(self) -> None:
        self._begun = time.perf_counter()

    def end(self) -> None:
        self._sum += time.perf_counter() - self._begun

    def seconds(self) -> float:
        total, self._sum = self._sum, 0.0
        return total


class _GpuMarks:
    """Pairs of events in the queue of the current stream, which are used again after a look."""

    def __init__(self) -> None:
        self._pairs: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._spare: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def begin(self) -> None:
        self._open = self._spare.pop() if self._spare else (_event(), _event())
        self._open[0].record()

    def end(self) -> None:
        self._open[1].record()
        self._pairs.append(self._open)

    def seconds(self) -> float:
        if not self._pairs:
            return 0.0
        self._pairs[-1][1].synchronize()  # a stream comes past its events in order
        total = sum(begin.elapsed_time(end) for begin, end in self._pairs) * _MILLI
        self._spare += self._pairs
        self._pairs = []
        return total


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)
