"""Processes that stop at a moment of their own and wait to be killed or signalled: no test has to be in time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

LONG = 1200.0  # seconds after which a test gives up: no machine is so busy that what is waited for takes as long
Process = subprocess.Popen[str] | subprocess.Popen[bytes] | BaseProcess
# Python runs a module of this name when it starts, and tells the function of every file that is about to be written or
# renamed. At the n-th one whose path has the pattern, the process writes down its number and stops itself.
HOOK = """
import fnmatch
import os
import signal
import sys


def hold_at(marker, pattern, number):
    left = [int(number)]

    def watch(event, arguments):
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax")
        if event != "os.rename" and event != "os.mkdir" and not writes:
            return
        path = arguments[1 if event == "os.rename" else 0]
        if isinstance(path, int) or not fnmatch.fnmatch(os.path.abspath(os.fsdecode(path)), pattern):
            return
        left[0] -= 1
        if left[0] == 0:
            try:
                file = os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:  # another process was held
                return
            os.write(file, str(os.getpid()).encode())
            os.close(file)
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(watch)


if "HELD_AT" in os.environ:
    hold_at(*os.environ["HELD_AT"].split("|"))
"""


class Moment:
    """Before a process writes, makes or renames the n-th path of a pattern; the first one that comes to it is held.

    The pattern is of absolute paths, and `*` is also for slashes. What is needed for it lies in `folder`.
    """

    def __init__(self, folder: Path, pattern: str, number: int = 1) -> None:
        self.folder = folder / ".moment"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.marker = self.folder / "process"
        self.marker.unlink(missing_ok=True)
        self.words = (str(self.marker), pattern, str(number))

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """The environment of Python processes that are to be held."""
        (self.folder / "sitecustomize.py").write_text(HOOK)
        paths = [str(self.folder), *filter(None, [given.get("PYTHONPATH")])]
        return {**given, "PYTHONPATH": os.pathsep.join(paths), "HELD_AT": "|".join(self.words)}

    def hold(self) -> None:
        """Hold this very process, from now on; for a fork that is about to be killed."""
        place: dict[str, Any] = {}
        exec(HOOK, place)
        place["hold_at"](*self.words)

    def wait(self, process: Process) -> psutil.Process:
        """The process that is held: this one, or one that it started."""
        wait_until(self._is_held, process)
        return psutil.Process(int(self.marker.read_text()))

    def _is_held(self) -> bool:
        number = self.marker.read_text() if self.marker.exists() else ""
        return bool(number) and psutil.Process(int(number)).status() == psutil.STATUS_STOPPED


def wait_until(reached: Callable[[], bool], process: Process) -> None:
    """Wait for what a process does; it must be there meanwhile."""
    deadline = time.monotonic() + LONG
    while not reached():
        status = process.exitcode if isinstance(process, BaseProcess) else process.poll()
        assert status is None, f"the process ended with status {status} before its moment"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.005)


def kill_all(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a process and to all that it started."""
    everyone = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in reversed(everyone):
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()


def kill_working_in(folder: Path) -> None:
    """SIGKILL to every process whose working folder it is, until there is none."""
    while working := [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(folder)]:
        for process in working:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(working, timeout=5)
        time.sleep(0.05)
