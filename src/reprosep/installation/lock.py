"""One installation at a time in a folder.

The lock belongs to the open file and is handed on to pip: when an installation is killed and its pip is not, the next
one waits for that pip too. (:mod:`.base.locks` does the same for the steps, with a package that is installed here.)
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_CANNOT_LOCK = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # some network file systems; then both install


@contextlib.contextmanager
def alone(path: Path, tell: Callable[[str], None]) -> Iterator[int]:
    """Wait until no other installation holds the file `path`; yields its descriptor, for children to hold too."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _wait(descriptor, tell)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)  # unlocks, unless a child still holds it


def _wait(descriptor: int, tell: Callable[[str], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        tell(f"another installation (process {process}) works in this folder; waiting for it to end")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _CANNOT_LOCK:
            raise
