"""The batches of a training, the next one prepared while the device works on this one."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import torch

from reprosep.training.examples import Example, Examples, Items, Mixed


class Feed:
    """Batches of examples in any order; the one that is said to follow is prepared in the meantime.

    Ahead of the device only where it is another than the processor: on a processor both would wait for each other.
    """

    def __init__(self, examples: Examples, ahead: bool | None = None) -> None:
        self.examples = examples
        on_gpu = examples.device.type == "cuda"
        self._stream = torch.cuda.Stream(examples.device) if on_gpu else None
        self._thread = ThreadPoolExecutor(1, "feed") if (on_gpu if ahead is None else ahead) else None
        self._next: tuple[tuple[int, int], Future[Items | Mixed]] | None = None

    def batch(self, first: int, count: int, following: int) -> Example:
        """Items ``first … first + count - 1``; the batch from item `following` is wanted next, if any."""
        items = self._items(first, count)
        if self._thread:
            self._next = ((following, count), self._thread.submit(self._prepare, following, count))
        return self.examples.finish(items)

    def _items(self, first: int, count: int) -> Items | Mixed:
        prepared = self._next is not None and self._next[0] == (first, count)
        items = self._next[1].result() if self._next and prepared else self._prepare(first, count)
        if self._stream and isinstance(items, Items):
            stream = torch.cuda.current_stream(self.examples.device)
            stream.wait_stream(self._stream)
            items.record_stream(stream)
        return items

    def _prepare(self, first: int, count: int) -> Items | Mixed:
        items = self.examples.prepare(first, count)
        if not self._stream:
            return items
        with torch.cuda.stream(self._stream):
            items = items.to(self.examples.device)
        return items
