"""Processes of a day: forked, so that nobody waits for imports again, and ended with whoever started them.

Whoever forks must not have touched the GPU: CUDA does not survive a fork. So the day itself never does, and a section
that starts processes of its own does it first.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from typing import Any

_PR_SET_PDEATHSIG = 1
FORK = multiprocessing.get_context("fork")


def child(work: Callable[..., object], *arguments: Any) -> ForkProcess:
    """A started process, the first of a group of its own, that does the work and ends with 1 if it raises."""
    process = FORK.Process(target=_work, args=(work, *arguments))
    process.start()
    return process


def _work(work: Callable[..., object], *arguments: Any) -> None:
    os.setsid()
    _end_with_parent()
    status = 0
    try:
        work(*arguments)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads of CUDA and of the feed are not waited for


def _end_with_parent() -> None:
    """Be killed when the process that started this one dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process: ForkProcess) -> None:
    """Kill a child if it still runs, and what is left of its group; children of its own end with it."""
    assert process.pid  # it was started
    if process.is_alive():
        process.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def how_it_ended(process: ForkProcess) -> str:
    """A child's exit status in words; empty when all was well."""
    status = process.exitcode or 0
    return f"ended with {signal.Signals(-status).name}" if status < 0 else f"exit status {status}" if status else ""


def answer_of(question: Callable[[], Any], seconds: float) -> Any:
    """What a function says in a process of its own, for answers that need the GPU.

    Raises
    ------
    RuntimeError
        When there is no answer.
    """
    receiver, sender = FORK.Pipe(duplex=False)
    process = child(lambda: sender.send(question()))
    sender.close()
    try:
        if receiver.poll(seconds):
            return receiver.recv()
        raise RuntimeError(f"no answer within {seconds:g} s")
    except EOFError:
        process.join()
        raise RuntimeError(f"no answer: the process {how_it_ended(process)}") from None
    finally:
        end(process)
