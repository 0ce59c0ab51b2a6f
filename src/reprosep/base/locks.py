"""One process at a time, where the file system can tell.

Nothing rests on it: files appear whole by a rename (:mod:`.files`), so that two processes at once never break each
other's. A lock only keeps the second from doing the same work again. It belongs to the open file, not to the file's
presence: nothing is left locked by a kill or by a machine that dies. Some network file systems cannot lock (NFS without
its lock service, Lustre mounted without `flock`); there both work.
"""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from reprosep.base.errors import Preempted
from reprosep.base.files import mendable
from reprosep.base.preemption import StopRequest

_CANNOT_LOCK = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)  # what is to be written there tells it, if anything is


@contextlib.contextmanager
def alone(lock: Path, who: str, stop: StopRequest | None = None) -> Iterator[None]:
    """Wait until no other process holds the file `lock`; `who` names such a one to the user.

    Raises
    ------
    UserError
        When the folder of the lock cannot be made or the disk is full.
    Preempted
        When told to stop while waiting.
    """
    with mendable(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        # Whoever may write in the folder may lock; without a lock of the system, none at all: the library's substitute
        # is the file's presence, which a kill leaves behind.
        held = filelock.FileLock(lock, mode=0o666, fallback_to_soft=False)
        _wait(held, who, stop or StopRequest())
    try:
        yield
    finally:
        held.release()


def alone_in(results: Path, step: str) -> contextlib.AbstractContextManager[None]:
    """Two users may want the same step of the same results at once: one after the other."""
    return alone(results / ".locks" / step.replace(" ", "-"), f"reprosep {step} works in {results}")


def _wait(held: filelock.BaseFileLock, who: str, stop: StopRequest) -> None:
    try:
        held.acquire(timeout=0)
    except filelock.Timeout:
        print(f"another {who}; waiting for it to end", file=sys.stderr)
        try:
            held.acquire(cancel_check=lambda: bool(stop.reason))
        except filelock.Timeout:
            reason = f"stopped by {stop.reason} while waiting for another {who}"
            raise Preempted(f"{reason}; the same command waits again") from None
    except OSError as error:
        if error.errno not in (*_CANNOT_LOCK, *_CANNOT_WRITE):
            raise
