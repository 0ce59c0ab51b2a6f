"""Processes that stop at a moment of their own and wait to be killed or signalled, so that no test has to be in time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

LONG = 600.0  # seconds after which a test gives up; no test is as slow, on however busy a machine
# Python runs a module of this name when it starts. It tells the process of every file that is about to be written or to
# get its name; the process stops itself (SIGSTOP) at the n-th one whose path has the pattern.
HOOK = """
import fnmatch
import os
import signal
import sys


def hold_at(pattern, number):
    left = [number]

    def watch(event, arguments):
        if event == "os.rename":
            path = arguments[1]
        elif event == "os.mkdir" or event == "open" and (set(str(arguments[1])) & set("wax") and arguments[1]):
            path = arguments[0]
        else:
            return
        if isinstance(path, int) or not fnmatch.fnmatch(os.path.abspath(os.fsdecode(path)), pattern):
            return
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(watch)


if "HELD_AT" in os.environ:
    hold_at(os.environ["HELD_AT"], int(os.environ["HELD_AT_NUMBER"]))
"""


def held_at(folder: Path, pattern: str, number: int = 1) -> dict[str, str]:
    """What an environment needs so that its Python processes stop before they write the n-th file of a pattern.

    The pattern is of absolute paths, and `*` is also for slashes. The hook is written below `folder`.
    """
    place = folder / ".held"
    place.mkdir(parents=True, exist_ok=True)
    (place / "sitecustomize.py").write_text(HOOK)
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "HELD_AT": pattern, "HELD_AT_NUMBER": str(number)}


def hold_at(pattern: str, number: int) -> None:
    """The same in this process, from now on; for a fork that is about to be killed."""
    place: dict[str, Callable[[str, int], None]] = {}
    exec(HOOK, place)
    place["hold_at"](pattern, number)


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Wait for what a process does; it must be there meanwhile."""
    deadline = time.monotonic() + LONG
    while not reached():
        assert process.poll() is None, "the process ended before it was in place"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def wait_until_held(process: subprocess.Popen[str] | subprocess.Popen[bytes] | BaseProcess) -> psutil.Process:
    """The process that has stopped at its moment: this one or one that it started."""
    assert process.pid is not None
    deadline = time.monotonic() + LONG
    while True:
        for member in [one := psutil.Process(process.pid), *one.children(recursive=True)]:
            if _status(member) == psutil.STATUS_STOPPED:
                return member
        ended = process.poll() if isinstance(process, subprocess.Popen) else process.exitcode
        assert ended is None, f"the process ended (status {ended}) before its moment"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _status(member: psutil.Process) -> str:
    try:
        return member.status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_DEAD


def kill_all(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process and all that it started."""
    everyone = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in reversed(everyone):
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()
