"""Snakemake mended: changes behind files that are only waited for are found, and its Python may lie anywhere.

Snakemake 9 looks for changed parameters, code and inputs from the first job on, and leaves out all jobs behind one
that has to run, since they will run anyway. Those that only an ``ancient()`` file connects to it do not, and their
own changes would go unseen until the next invocation: with another ``scoring.hop_seconds`` the oracles would be scored
anew, and the networks, which wait for the oracles' calibration, not before the command is given again.
"""

from __future__ import annotations

import functools
import shlex
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from snakemake.dag import DAG
from snakemake_executor_plugin_slurm_jobstep import Executor as JobStepExecutor
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


def _never(job: Any) -> bool:
    return False


def _bfs(self: Any, direction: Any, *jobs: Any, stop: Callable[[Any], bool] = _never) -> Iterator[Any]:
    """Jobs in breadth-first order; towards dependent jobs, over files whose date matters."""
    forwards = direction is self.depending
    queue, visited = deque(jobs), set(jobs)
    while queue:
        job = queue.popleft()
        if stop(job):
            continue
        yield job
        for other, files in direction[job].items():
            if other not in visited and not (forwards and all(file.is_ancient for file in files)):
                queue.append(other)
                visited.add(other)


def mend_planning() -> None:
    """Let Snakemake, in this process, look behind ancient files."""
    DAG.bfs = _bfs


def mend_commands() -> None:
    """Let Snakemake, in this process, quote the path of its Python for the shell of a cluster's job."""
    for executor in (RemoteExecutor, JobStepExecutor):
        if not hasattr(executor.get_python_executable, "__wrapped__"):
            executor.get_python_executable = _quoted(executor.get_python_executable)  # type: ignore[method-assign]


def _quoted(path: Callable[[Any], str]) -> Callable[[Any], str]:
    @functools.wraps(path)
    def quoted(self: Any) -> str:
        return shlex.quote(path(self))

    return quoted
