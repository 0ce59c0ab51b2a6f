"""Measurements in processes of their own, so that one thread is really one and peak memory is that of the calls alone.

A module that measures is started as ``python -m MODULE ARGUMENTS`` and prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from reprosep.base.errors import UserError

Result = TypeVar("Result")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def in_own_process(module: str, *arguments: str, what: str, remedy: str) -> dict[str, Any]:
    """What a measuring module prints; :class:`UserError` with the `remedy` when it fails."""
    command = [sys.executable, "-m", module, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | _ONE_THREAD)
    if answer.returncode != 0:
        reason = answer.stderr.strip().splitlines()[-1:] or [f"exit status {answer.returncode}"]
        raise UserError(f"{what}: {reason[0]}; {remedy}")
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def in_alternation(
    ways: Iterable[str], repeats: int, measure: Callable[[str], Result], done: Callable[[str], None]
) -> dict[str, list[Result]]:
    """Every way once per round, so that what else the machine does meets all alike; `done` hears of each."""
    runs: dict[str, list[Result]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, results in runs.items():
            results.append(measure(way))
            done(way)
    return runs


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measured(calls: list[Callable[[], Any]]) -> dict[str, Any]:
    """Processor seconds of every call, and peak memory beyond what the process had before, in MB."""
    process, times = psutil.Process(), []
    before = process.memory_info().rss
    _forget_peak()
    for call in calls:
        start = processor_seconds()
        call()
        times.append(processor_seconds() - start)
    return {"seconds": times, "megabytes": (_peak(process) - before) / 1e6}


def _forget_peak() -> None:
    with contextlib.suppress(OSError):  # Linux alone can reset the peak; elsewhere that of the inputs counts too
        Path("/proc/self/clear_refs").write_text("5")


def _peak(process: psutil.Process) -> float:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024.0 * int(line.split()[1])
    return float(max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, process.memory_info().rss))
