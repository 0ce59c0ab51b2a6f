"""The streams of a fake GPU: which has seen what of which, and so what would be a race.

Every stream counts its operations. A stream that waits for another, or for an event of it, has seen its operations so
far; when the host waits, all that is launched later has. A tensor may be used where its last use that matters has been
seen; one that was made on another stream must also have been told of (``record_stream``), or its memory may be given
away while it is in use.

References
----------
PyTorch, "CUDA semantics", CUDA streams; ``torch.cuda._sanitizer``, which does the same on a GPU.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

Seen = dict[int, int]  # number of a stream -> how many of its operations
_ANY = -1  # the stream of what autograd's threads make


@dataclass
class Memory:
    """Of one or several tensors: the stream that has it, its last writing, and the streams that were told of."""

    stream: int
    written: tuple[int, int]
    told: set[int] = field(default_factory=set)


class Streams:
    """What the streams of a device have done and seen; number 0 is the default stream."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = defaultdict(dict)
        self._seen_by_host: Seen = {}
        self._counts: dict[int, int] = defaultdict(int)
        self._current = threading.local()
        self._lock = threading.RLock()
        self._made = 0

    def new(self) -> int:
        """The number of a new stream."""
        with self._lock:
            self._made += 1
            return self._made

    @property
    def current(self) -> int:
        """The stream of this thread."""
        return getattr(self._current, "number", 0)

    @current.setter
    def current(self, number: int) -> None:
        self._current.number = number

    def memory(self) -> Memory:
        """New memory of the current stream."""
        if _is_of_autograd():
            return Memory(_ANY, (_ANY, 0))
        with self._lock:
            return Memory(self.current, (self.current, self._counts[self.current]))

    def use(self, memories: Iterable[tuple[Memory, bool]]) -> list[str]:
        """The current stream uses memories, and writes into some; what is wrong with that."""
        with self._lock:
            if _is_of_autograd():
                return []
            now, faults = self.current, []
            self._counts[now] += 1
            for memory, written in memories:
                stream, count = memory.written
                if stream != now and max(self._seen[now].get(stream, 0), self._seen_by_host.get(stream, 0)) < count:
                    faults.append(f"stream {now} has not waited for stream {stream}")
                elif memory.stream not in (now, _ANY) and now not in memory.told:
                    faults.append(f"record_stream was not called for stream {now}")
                if written:
                    memory.written = (now, self._counts[now])
            return faults

    def snapshot(self, stream: int) -> Seen:
        """What whoever waits for a stream now has seen."""
        with self._lock:
            return {**self._seen[stream], stream: self._counts[stream]}

    def see(self, stream: int, seen: Seen) -> None:
        """A stream waits."""
        with self._lock:
            _add(self._seen[stream], seen)

    def seen_by_host(self, seen: Seen) -> None:
        """The host waits, and with it whatever it launches later."""
        with self._lock:
            _add(self._seen_by_host, seen)

    def wait_for_current(self) -> None:
        """The host waits for the current stream."""
        self.seen_by_host(self.snapshot(self.current))

    def wait_for_all(self) -> None:
        """The host waits for the device."""
        with self._lock:
            self.seen_by_host(dict(self._counts))


def _add(seen: Seen, more: Seen) -> None:
    for stream, count in more.items():
        seen[stream] = max(seen.get(stream, 0), count)


def _is_of_autograd() -> bool:
    """Whether this is a thread of autograd, which uses the streams of the forward pass and has them wait itself."""
    return isinstance(threading.current_thread(), threading._DummyThread)
