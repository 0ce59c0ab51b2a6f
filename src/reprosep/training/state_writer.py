"""Writes the states of a training; beside one on a GPU in a thread, so that no step waits for the disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch


class StateWriter:
    """One write at a time, in the order in which they are asked for.

    What is written must be copies in main memory, which no further step changes. On a processor nothing is gained by a
    thread, and each is written at once.
    """

    def __init__(self, device: torch.device) -> None:
        self._thread = ThreadPoolExecutor(1, "states") if device.type == "cuda" else None
        self._writing: Future[None] | None = None

    def write(self, work: Callable[[], None]) -> None:
        """Begin a write; one that is still going on is waited for, and what went wrong in it is raised here."""
        self.wait()
        if self._thread is None:
            work()
        else:
            self._writing = self._thread.submit(work)

    def wait(self) -> None:
        """Until all is written; raises what went wrong."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()
