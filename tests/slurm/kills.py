"""Ten kills -9 at random moments of everything that works on a line: what comes out is that of a run left alone.

Snakemake dies, and all processes of its jobs; what waits in Slurm's queue is cancelled, as after a loss of power.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from cluster import Cluster, start_on_slurm, tell, wait_until
from project import SCALE, copy_project, finished_smoke, snakemake

from moments import kill_working_in

RESULTS = Path("results/smoke")
KILLS, SEED = 10, 42
LONGEST = 45.0  # seconds that a run is left alone
MINUTES = 15
COMPARED = ("papers/iass/table-*.csv", "runs/*/best.safetensors", "scores/*.parquet", "*/audio/*.npy", "*/mixtures/*")
MEASURED = "benchmarks"  # how long steps took


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_smoke(tmp_path_factory, "master")


def numbers(folder: Path) -> dict[str, bytes]:
    results = folder / RESULTS
    paths = (path.relative_to(results) for kind in COMPARED for path in results.glob(kind))
    return {str(path): (results / path).read_bytes() for path in paths if path.parts[0] != MEASURED}


def test_kills_leave_the_numbers_as_they_are(cluster: Cluster, local: Path, tmp_path: Path) -> None:
    moments, kills, lines = random.Random(SEED), 0, 0
    while kills < KILLS:
        folder = copy_project(tmp_path / f"project{lines}")
        while kills < KILLS and is_killed(cluster, folder, moments.uniform(2, LONGEST)):
            kills += 1
            print(f"kill {kills} in line {lines}")
        assert start_on_slurm(folder, "--configfile", SCALE).wait(MINUTES * 60) == 0, said(folder)
        found, expected = numbers(folder), numbers(local)
        assert sorted(found) == sorted(expected)
        assert [name for name in found if found[name] != expected[name]] == []
        lines += 1


def said(folder: Path) -> str:
    return (folder / "slurm.txt").read_text()[-5000:]


def is_killed(cluster: Cluster, folder: Path, seconds: float) -> bool:
    """Let a line go on for that long, then kill it; or has it ended before?"""
    run = start_on_slurm(folder, "--configfile", SCALE)
    try:
        status = run.wait(seconds)
    except subprocess.TimeoutExpired:
        kill_working_in(folder)
        run.wait()
        tell("scancel", "--user", "root")
        wait_until(lambda: not tell("squeue", "--noheader"), 120, "an empty queue")
        kill_working_in(folder)
        assert snakemake(folder, "--configfile", SCALE, "--unlock").returncode == 0
        return True
    assert status == 0, said(folder)
    return False
