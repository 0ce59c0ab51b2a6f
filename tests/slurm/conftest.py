"""One Slurm for all tests of this folder; where none can be started they are skipped with one sentence."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

from cluster import Cluster, may_start
from project import environment

SLURM = "workflow/profiles/slurm"
# A test cannot wait as long for news as a user can.
IMPATIENT = [
    "--slurm-init-seconds-before-status-checks=3",
    "--seconds-between-status-checks=2",
    "--latency-wait=20",
]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if reason := may_start():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="reprosep-slurm-") as folder:
        made = Cluster(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()


def start_on_slurm(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Snakemake with the profile for Slurm; its output goes to ``slurm.txt`` in the project's folder."""
    command = [sys.executable, "-m", "snakemake", "--profile", SLURM, "--nocolor", *IMPATIENT, *arguments]
    with open(folder / "slurm.txt", "w") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=output, stderr=subprocess.STDOUT, text=True
        )
