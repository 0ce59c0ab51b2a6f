"""Progress of long work: a bar with an estimate on a terminal, plain lines in a log file."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 10.0
_MEGABYTE = 1_000_000


class ProgressReport:
    """Counts finished items of `total`; use as a context manager and call :meth:`advance` per item, from any thread.

    `done` items were finished earlier and do not count in the estimate. With `megabytes` the items are bytes. Of
    several processes that do one work together all but one are not `shown`.
    """

    def __init__(self, title: str, total: int, done: int = 0, megabytes: bool = False, shown: bool = True) -> None:
        self.title = f"{title} in MB" if megabytes else title
        self.total = total
        self.done = self._earlier = done
        self._unit = _MEGABYTE if megabytes else 1
        self._lock = threading.Lock()
        self._start = self._last_line = time.monotonic()
        self._bar: Progress | None = None
        self._shown = shown
        if shown and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn() if megabytes else MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left:"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}", markup=False),
                console=Console(stderr=True, emoji=False),
            )
            self._task = self._bar.add_task(title, total=total, completed=done, note="")

    def __enter__(self) -> ProgressReport:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, count: int = 1, note: str = "") -> None:
        """`count` more items are finished; `note` is shown beside the estimate."""
        with self._lock:
            self.done += count
            if self._bar:
                self._bar.update(self._task, advance=count, note=note)
                return
            if not self._shown:
                return
            now = time.monotonic()
            if self.done >= self.total or now - self._last_line >= _SECONDS_BETWEEN_LINES:
                self._last_line = now
                print(self._line(now, note), file=sys.stderr, flush=True)

    def _line(self, now: float, note: str) -> str:
        elapsed = now - self._start
        left = elapsed / max(self.done - self._earlier, 1) * (self.total - self.done)
        count = f"{self.done // self._unit}/{self.total // self._unit}"
        return f"{self.title}: {count}, {elapsed:.0f} s elapsed, {left:.0f} s left {note}".rstrip()


def track(items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
    """Yield `items` while reporting progress."""
    with ProgressReport(title, total) as report:
        for item in items:
            yield item
            report.advance()
