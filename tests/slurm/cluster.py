"""A Slurm of our own for tests: started, asked, and disturbed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from project import environment

HERE = Path(__file__).parent
SLURM = "workflow/profiles/slurm"
# A test cannot wait as long for news as a user can, its node is small, and it keeps no accounts.
FOR_TESTS = [
    "--cores=4",
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=3",
    "--seconds-between-status-checks=2",
    "--latency-wait=20",
]
_GPUS = re.compile(r"gpu(?::[a-z]\w*)?:(\d+)")  # gres:gpu:1, gres:gpu:fake:1
_FIELD = re.compile(r"(\w[\w/:]*)=(.*?)(?= \w[\w/:]*=|$)")


@dataclass(frozen=True)
class Job:
    """What Slurm says of a job: `step` is the rule or group with its wildcards."""

    number: str
    folder: Path
    step: str
    state: str
    restarts: int
    asked: dict[str, str]
    limit: str
    used: str


@dataclass(frozen=True)
class Cluster:
    """One node and its controller in a folder."""

    folder: Path

    def start(self, *part: str) -> None:
        """Start all of it, or the `part` "node"."""
        subprocess.run([str(HERE / "start.sh"), str(self.folder), *part], check=True, timeout=60)

    def stop(self) -> None:
        """End all of it."""
        subprocess.run([str(HERE / "stop.sh"), str(self.folder)], check=True, timeout=60)

    def kill_node(self) -> None:
        """The node loses power: its daemon and all that runs in its jobs are gone at once."""
        daemon = psutil.Process(int((self.folder / "slurmd.pid").read_text()))
        found = [daemon, *daemon.children(recursive=True)]
        for step in self._steps():
            found += [step, *step.children(recursive=True)]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _steps(self) -> Iterator[psutil.Process]:
        """The daemons of our jobs' steps: `slurmstepd: [7.batch]`."""
        ours = {job.number for job in self.jobs()}
        for process in psutil.process_iter(["cmdline"]):
            words = re.match(r"slurmstepd: \[(\d+)\.", " ".join(process.info["cmdline"] or []))
            if words and words[1] in ours:
                yield process

    def jobs(self) -> list[Job]:
        """All jobs of the cluster's life, in the order of their numbers."""
        lines = tell("scontrol", "-o", "show", "jobs").splitlines()
        found = [_job(line) for line in lines if line.startswith("JobId=")]
        return sorted(found, key=lambda job: int(job.number))

    def jobs_of(self, folder: Path, step: str) -> list[Job]:
        """The jobs of a step of the project in a folder."""
        return [job for job in self.jobs() if job.folder == folder and job.step.startswith(step)]


def _job(line: str) -> Job:
    found = dict(_FIELD.findall(line))
    asked = dict(item.split("=", 1) for item in found.get("TRES", found.get("ReqTRES", "")).split(",") if "=" in item)
    if gpus := _GPUS.search(found.get("TresPerJob", "") + found.get("TresPerNode", "")):
        asked["gres/gpu"] = gpus[1]
    step = found.get("Comment", found["JobName"]).removeprefix("rule_").replace("_wildcards_", " ")
    times = found["TimeLimit"], found["RunTime"]
    folder = Path(found["WorkDir"])
    return Job(found["JobId"], folder, step, found["JobState"], int(found.get("Restarts", 0)), asked, *times)


def tell(*command: str) -> str:
    """What a command of Slurm prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def wait_until(reached: Callable[[], object], seconds: float, what: str) -> None:
    """Look every quarter of a second."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.25)


def may_start() -> str | None:
    """Why no Slurm can be started here, in one sentence; None where it can. Installs it where that is possible."""
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    answer = subprocess.run([str(HERE / "install.sh")], stderr=subprocess.PIPE, text=True, check=False)
    return answer.stderr.strip() or "Slurm is not there" if answer.returncode else None


def start_on_slurm(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Snakemake with the profile for Slurm; its output goes to ``slurm.txt`` in the project's folder."""
    command = [sys.executable, "-m", "snakemake", "--profile", SLURM, "--nocolor", *FOR_TESTS, *arguments]
    with open(folder / "slurm.txt", "w") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=output, stderr=subprocess.STDOUT, text=True
        )
