"""Work in several processes, one task each, that ends well: when a process is killed, and when the user stops it.

Conventions
-----------
Ctrl-C goes to all processes of a terminal, so workers do not hear it: the first process does, and ends them. A worker
that is told to end, or whose first process is gone, leaves its task as by an error, so that its temporary files are
removed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, TypeVar

from reprosep.base.errors import UserError

Task = TypeVar("Task")
Made = TypeVar("Made")

_ENDED = 128 + signal.SIGTERM  # exit status


def each(
    make: Callable[[Task], Made],
    tasks: list[Task],
    workers: int,
    start: Callable[..., None] | None = None,
    start_with: tuple[Any, ...] = (),
    name: Callable[[Task], str] | None = None,
) -> Iterator[Made]:
    """`make` of every task as they finish, in this process or in several.

    Parameters
    ----------
    start, start_with: what every process does first, and with what.
    name: how a task is called. Tasks with names go on when one's process is ended from outside: what was being made
        then is made again, one after the other, and what ends its process once more is told when all others are made.

    Raises
    ------
    UserError
        When the system ends one of the processes, which it does when memory runs out.
    """
    if workers <= 1 or len(tasks) < 2:
        if start:
            start(*start_with)
        yield from map(make, tasks)
        return
    left, ended = list(enumerate(tasks)), []
    while left:
        made: set[int] = set()
        try:
            for number, result in _in_pool(make, left, workers, start, start_with):
                made.add(number)
                yield result
            left = []
        except BrokenProcessPool as error:
            if name is None:
                raise UserError(
                    f"one of {workers} processes was ended from outside, as the system does when memory runs out; run "
                    "the same command with fewer of them (--jobs, --workers or --threads), what is finished is kept"
                ) from error
            left = [task for task in left if task[0] not in made]
            suspects, left = left[: workers + 1], left[workers + 1 :]  # the pool hands them out in their order
            for suspect in suspects:
                try:
                    yield from (result for _, result in _in_pool(make, [suspect], 1, start, start_with))
                except BrokenProcessPool:
                    ended.append(name(suspect[1]))
    if ended:
        raise UserError(
            f"{', '.join(ended)}: the process was ended from outside, as the system does when memory runs out, also "
            "when it was alone; all others are made and kept, run the same command where there is more memory"
        )


def _in_pool(
    make: Callable[[Task], Made],
    tasks: list[tuple[int, Task]],
    workers: int,
    start: Callable[..., None] | None,
    start_with: tuple[Any, ...],
) -> Iterator[tuple[int, Made]]:
    """Numbers and results as they finish; :class:`BrokenProcessPool` when a process is ended from outside."""
    # Fresh processes: a forked one would inherit the thread pools of libraries in an undefined state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), context, _start, (start, start_with)) as pool:
        try:
            with _deaf():
                futures = {pool.submit(partial(_do, make), task): number for number, task in tasks}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except (UserError, BrokenProcessPool):
            pool.shutdown(cancel_futures=True)
            raise
        except BaseException:  # the user stops it, or nobody wants the rest
            _end(pool)
            raise


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile never hear Ctrl-C; this one hears it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor) -> None:
    """End all processes, and wait until they have cleared up.

    Not by ``shutdown(wait=True)``, which waits for their tasks; and not at the interpreter's end, where Python may
    write to a pipe that the pool's thread closes meanwhile.
    """
    processes, thread = list((pool._processes or {}).values()), pool._executor_manager_thread
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    if thread:
        thread.join()  # type: ignore[attr-defined]


def _start(start: Callable[..., None] | None, start_with: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_outlive, daemon=True).start()
    if start:
        start(*start_with)


def _outlive() -> None:
    """An orphan would wait for the next task for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _leave(*_: object) -> None:
    # The pool tells all others to end again when it sees the first one gone, which may be while they are clearing up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(_ENDED)


def _do(make: Callable[[Task], Made], task: Task) -> Made:
    try:
        return make(task)
    except SystemExit:
        # Cleared up by now. The pool would catch this as the task's error, and begin the next.
        os._exit(_ENDED)
