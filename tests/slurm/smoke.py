"""The smoke scale through a real Slurm, in a folder of an odd name: its tables are those of a run on this machine."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from cluster import Cluster, Job, start_on_slurm
from project import ODD, SCALE, copy_project, finished_smoke

RESULTS = Path("results/smoke")
MINUTES = 20


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_smoke(tmp_path_factory, "master")


def tables(folder: Path) -> dict[str, bytes]:
    """All but the spot check, whose digits are the rounding errors of museval."""
    paths = (folder / RESULTS / "papers/iass").glob("*.csv")
    return {path.name: path.read_bytes() for path in paths if path.name != "spot-check.csv"}


def weights(folder: Path) -> dict[str, bytes]:
    paths = (folder / RESULTS / "runs").glob("*/best.safetensors")
    return {path.parent.name: path.read_bytes() for path in paths}


def test_the_smoke_scale_is_the_same_on_slurm(
    cluster: Cluster, local: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_project(tmp_path / ODD)
    (folder / "gpu.yaml").write_text("training: {gpu: 1}")  # the node has two that are not there: CPUs do their work
    run = start_on_slurm(folder, "--configfile", SCALE, "gpu.yaml")
    try:
        status = run.wait(MINUTES * 60)
    finally:
        run.terminate()
    assert status == 0, (folder / "slurm.txt").read_text()[-5000:]
    found, expected = tables(folder), tables(local)
    assert len(found) >= 9
    assert sorted(found) == sorted(expected)
    assert [name for name in found if found[name] != expected[name]] == []
    found, expected = weights(folder), weights(local)
    assert len(found) >= 8
    assert found == expected
    assert (folder / RESULTS / "report.html").is_file()
    jobs = cluster.jobs()
    assert {job.asked.get("gres/gpu") for job in jobs if job.step.startswith("train")} == {"1"}
    with capsys.disabled():
        print_jobs(jobs, folder)


def benchmarks(folder: Path) -> dict[str, dict[str, str]]:
    """What Snakemake measured of every job, by its step as Slurm's list names it."""
    found = {}
    for path in (folder / RESULTS / "benchmarks").rglob("*.tsv"):
        with path.open() as file:
            found[f"{path.parent.name} {path.stem}"] = next(csv.DictReader(file, delimiter="\t"))
    return found


def print_jobs(jobs: list[Job], folder: Path) -> None:
    """The list of jobs, then what the steps in them used: a group is one job with several steps."""
    print(f"\n{len(jobs)} Slurm jobs, {os.cpu_count()} processors\n")
    print(f"{'job':>5}  {'state':10} {'cpu':>3} {'memory':>7} {'gpu':>3} {'limit':>10} {'took':>8}  step")
    for job in jobs:
        asked = (job.asked.get("cpu", "-"), job.asked.get("mem", "-"), job.asked.get("gres/gpu", "-"))
        print(
            f"{job.number:>5}  {job.state:10} {asked[0]:>3} {asked[1]:>7} {asked[2]:>3} {job.limit:>10} {job.used:>8}  "
            f"{job.step[:90]}"
        )
    print(f"\n{'seconds':>8} {'cpu s':>8} {'peak MB':>8}  step (Snakemake's benchmark)")
    for step, row in sorted(benchmarks(folder).items()):
        print(f"{float(row['s']):8.1f} {row['cpu_time']:>8} {row['max_rss']:>8}  {step}")
