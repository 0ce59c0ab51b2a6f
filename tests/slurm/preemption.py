"""A training that a cluster interrupts finishes by itself, and its weights are those of one that was left alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml
from cluster import Cluster, Job, tell, wait_until
from conftest import start_on_slurm
from project import SCALE, finished_smoke, snakemake

RUN = "mm_vocals_iass_s42"
FOLDER = Path("results/smoke/runs") / RUN
WEIGHTS = str(FOLDER / "best.safetensors")
# Long enough to be interrupted in its middle, with an epoch every second or two.
LONG = {"training": {"epochs": 30, "items_per_epoch": 120, "early_stopping": 1000}}
EPOCHS = 5  # whole ones before it is interrupted
MINUTES = 8


@dataclass(frozen=True)
class Left:
    """A training that was left alone: the project it can be repeated in, and its weights."""

    project: Path
    weights: bytes


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Left:
    smoke = finished_smoke(tmp_path_factory, "master")
    folder = tmp_path_factory.mktemp("alone") / "project"
    copy_finished(smoke.folder, folder)
    (folder / "long.yaml").write_text(yaml.safe_dump(LONG))
    untouched = tmp_path_factory.mktemp("untouched") / "project"
    copy_finished(folder, untouched)
    answer = snakemake(folder, *asked(), timeout=MINUTES * 60)
    assert answer.returncode == 0, answer.stdout
    return Left(untouched, (folder / WEIGHTS).read_bytes())


def copy_finished(source: Path, folder: Path) -> None:
    """Everything up to the mixtures and scores, and what Snakemake knows of it; no trainings."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("resources", "runs"))
    (folder / "resources").symlink_to((source / "resources").resolve())


def asked(*more: str) -> list[str]:
    return [*more, "--configfile", SCALE, "long.yaml", "--", WEIGHTS]


def state(folder: Path) -> dict[str, Any]:
    """The training's state on disk."""
    return torch.load(folder / FOLDER / "checkpoint/state.pt", weights_only=True)


def is_under_way(folder: Path) -> bool:
    return (folder / FOLDER / "checkpoint/state.pt").exists() and len(state(folder)["epochs"]) >= EPOCHS


def interrupted(
    cluster: Cluster,
    left: Left,
    folder: Path,
    disturb: Callable[[Job], None] | None,
    *more: str,
) -> list[Job]:
    """Train on Slurm, disturb the job in the middle, wait for the end; the training's jobs, the last one last."""
    copy_finished(left.project, folder)
    before = {job.number for job in cluster.jobs()}
    run = start_on_slurm(folder, *asked(*more))
    try:
        done = follow(cluster, run, folder, disturb)
        status = run.wait(MINUTES * 60)
    finally:
        run.terminate()
    output = (folder / "slurm.txt").read_text()
    assert status == 0, output[-6000:]
    went_on(folder, done)
    assert (folder / WEIGHTS).read_bytes() == left.weights, "other weights than those of the training left alone"
    return [job for job in cluster.jobs() if job.number not in before and job.step.startswith("train")]


def follow(
    cluster: Cluster, run: subprocess.Popen[str], folder: Path, disturb: Callable[[Job], None] | None
) -> list[dict[str, float]]:
    """Wait for the middle of the training and disturb it; the epochs that were done."""
    wait_until(lambda: run.poll() is not None or is_under_way(folder), 180, "the first epochs")
    job = cluster.running(f"train {RUN}")
    assert job is not None, (folder / "slurm.txt").read_text()[-6000:]
    done = list(state(folder)["epochs"])
    if disturb:
        disturb(job)
    return done


def went_on(folder: Path, done: list[dict[str, float]]) -> None:
    """The epochs from before are in the log with the seconds that they took then: they were not trained again."""
    found = pd.read_csv(folder / FOLDER / "epochs.csv")
    assert len(found) == LONG["training"]["epochs"] > len(done)
    before = [epoch["seconds"] for epoch in done]
    assert found["seconds"].head(len(done)).tolist() == pytest.approx(before, rel=1e-9)


def show(what: str, jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for job in jobs:
            asked = ", ".join(f"{name} {value}" for name, value in job.asked.items())
            print(f"\n{what}: job {job.number} {job.state}, restarts {job.restarts}, took {job.used} [{asked}]", end="")


def test_cancelled(
    cluster: Cluster, left_alone: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = interrupted(cluster, left_alone, tmp_path / "p", lambda job: tell("scancel", job.number) and None)
    assert [job.state for job in jobs] == ["CANCELLED", "COMPLETED"]
    show("scancel", jobs, capsys)
