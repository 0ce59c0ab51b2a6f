"""What a program made a GPU's host wait for, and where: the events that a fake device records."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

import reprosep

Kind = Literal["to device", "to host", "wait", "processor", "device", "stream"]
KINDS: dict[Kind, str] = {
    "to device": "a copy from the host that the host waits for",
    "to host": "a copy to the host that it waits for",
    "wait": "the host waits until the device has come so far, to know a value or a size",
    "processor": "a step computes on the processor",
    "device": "tensors of host and device meet in one operation",
    "stream": "a stream uses what another has not finished, or memory that may be given away",
}
_PACKAGE = f"{Path(reprosep.__file__).parent}/"
_COMPREHENSION = re.compile(r"\.<locals>\.<\w+>")
STEP = "training/loop.py Training.step"
# What the processor prepares of a batch, wherever it is called: on a GPU it does so while the device works.
PREPARED = ("training/feed.py Feed._prepare",)
BACKWARD = "backward"  # where autograd's own threads are, which no line of Python has called


@dataclass(frozen=True)
class Event:
    """Something that a host waits for, or that it should not do.

    Attributes
    ----------
    what
        The operation, and how it was asked for.
    place
        The innermost function of the package, ``module/file.py Class.function``.
    in_step
        Whether a training step was going on, but for the processor's part of a batch.
    """

    kind: Kind
    what: str
    place: str
    in_step: bool

    def __str__(self) -> str:
        step = " (in a training step)" if self.in_step else ""
        return f"{self.kind}: {self.what}, {self.place}{step}"


class Record:
    """The events of one fake device, in order."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def add(self, kind: Kind, what: str) -> Event:
        """An event, here and now."""
        event = Event(kind, what, *_place())
        with self._lock:
            self._events.append(event)
        return event

    def taken(self) -> list[Event]:
        """The events since the last call."""
        with self._lock:
            taken, self._events = self._events, []
        return taken


def _place() -> tuple[str, bool]:
    """The innermost function of the package, and whether a step is going on."""
    names = [name for frame in _frames() if (name := name_of(frame))]
    if not names:
        alone = isinstance(threading.current_thread(), threading._DummyThread)  # a thread that Python did not start
        return (BACKWARD, True) if alone else ("outside", False)
    return names[0], is_in_step(names)


def step_goes_on() -> bool:
    """Whether a training step is going on, but for the processor's part of a batch."""
    return _place()[1]


def is_in_step(names: list[str]) -> bool:
    """The same of a stack of functions."""
    return STEP in names and not any(name in names for name in PREPARED)


def name_of(frame: FrameType) -> str:
    """A function of the package, ``module/file.py Class.function``; empty if it is none."""
    code = frame.f_code
    if not code.co_filename.startswith(_PACKAGE):
        return ""
    return f"{code.co_filename.removeprefix(_PACKAGE)} {_COMPREHENSION.sub('', code.co_qualname)}"


def _frames() -> Iterator[FrameType]:
    """The stack, the innermost function first."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
