"""The batches of a training, the next one prepared while the device works on this one."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import torch


class Prepared(Protocol):
    """What the processor has prepared of a batch."""

    def to(self, device: torch.device) -> Any:
        """Where the device finds it."""
        ...


class Batches(Protocol):
    """Makes batches of items on a device, in two parts: the processor's and the device's."""

    device: torch.device
    recordings: Any

    def prepare(self, first: int, count: int) -> Any:
        """The processor's part: something :class:`Prepared`."""
        ...

    def finish(self, items: Any) -> Any:
        """The device's part."""
        ...


class Feed:
    """Batches of examples in any order; the one that is said to follow is prepared in the meantime.

    Ahead of the device only where it is another than the processor: on a processor both would wait for each other.
    """

    def __init__(self, examples: Batches, ahead: bool | None = None) -> None:
        self.examples = examples
        on_gpu = examples.device.type == "cuda"
        self._stream = torch.cuda.Stream(examples.device) if on_gpu else None
        self._thread = _thread(examples.device) if (on_gpu if ahead is None else ahead) else None
        self._next: tuple[tuple[int, int], Future[Any]] | None = None

    def batch(self, first: int, count: int, following: int) -> Any:
        """Items ``first … first + count - 1``; the batch from item `following` is wanted next, if any."""
        items = self._items(first, count)
        if self._thread:
            self._next = ((following, count), self._thread.submit(self._prepare, following, count))
        return self.examples.finish(items)

    def _items(self, first: int, count: int) -> Any:
        prepared = self._next is not None and self._next[0] == (first, count)
        items = self._next[1].result() if self._next and prepared else self._prepare(first, count)
        if self._stream and hasattr(items, "record_stream"):
            stream = torch.cuda.current_stream(self.examples.device)
            stream.wait_stream(self._stream)
            items.record_stream(stream)
        return items

    def _prepare(self, first: int, count: int) -> Any:
        items = self.examples.prepare(first, count)
        if not self._stream:
            return items
        with torch.cuda.stream(self._stream):
            items = items.to(self.examples.device)
        return items


def _thread(device: torch.device) -> ThreadPoolExecutor:
    """One thread, with the GPU of this process: a new thread begins with the first of the machine."""
    if device.type != "cuda":
        return ThreadPoolExecutor(1, "feed")
    number = torch.cuda.current_device() if device.index is None else device.index
    return ThreadPoolExecutor(1, "feed", torch.cuda.set_device, (number,))
