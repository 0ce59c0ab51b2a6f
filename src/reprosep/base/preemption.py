"""Preemption: a scheduler's signal is noted, and the work stops by itself where its state is whole.

Slurm and others send SIGTERM (cancelled, preempted, out of time) or SIGUSR1 (a warning some time before the end); the
terminal sends SIGINT. A handler does no more than note the signal, so it may come at any moment and any number of
times, also while a checkpoint is written.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class StopRequest:
    """The signal that told this process to stop, as `reason`; empty when there was none."""

    def __init__(self) -> None:
        self.reason = ""

    @property
    def number(self) -> int:
        """The signal's number; 0 when there was none."""
        reason = self.reason
        return signal.Signals[reason].value if reason else 0

    def until(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, until there is a request."""
        for item in items:
            if self.reason:
                return
            yield item

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """The signal handler."""
        self.reason = signal.Signals(number).name


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """A request that the signals make while the block runs; only the main thread of a process can listen to them.

    A process that was told to stop is about to end: signals after the block do not change its exit status any more.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.note) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if request.reason else handler)
