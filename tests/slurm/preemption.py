"""A training that a cluster interrupts finishes by itself, and its weights are those of one that was left alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml
from cluster import Cluster, Job, start_on_slurm, tell, wait_until
from project import SCALE, finished_smoke, snakemake

RUN = "mm_vocals_iass_s42"
FOLDER = Path("results/smoke/runs") / RUN
WEIGHTS = FOLDER / "best.safetensors"
# A minute or two, so that Slurm, which looks at time limits every half minute, interrupts it in its middle.
LONG = {
    "training": {"epochs": 30, "items_per_epoch": 120, "early_stopping": 1000},
    "machine": {"side_by_side": False},  # so that one run can be disturbed
}
EPOCHS = 5  # whole ones before it is disturbed
MINUTES = 12

Disturb = Callable[[Cluster, Job], object]


def cancel(cluster: Cluster, job: Job) -> None:
    tell("scancel", job.number)


def requeue(cluster: Cluster, job: Job) -> None:
    tell("scontrol", "requeue", job.number)


def wait_for_its_end(cluster: Cluster, job: Job) -> None:
    """Its time, or its memory, will be over by itself."""


# What happens, how, and what Snakemake is asked for.
DISTURBED: dict[str, tuple[Disturb, list[str]]] = {
    "cancelled": (cancel, []),
    "requeued": (requeue, []),
    "told of its end": (wait_for_its_end, ["--set-resources", "train:runtime=3+attempt"]),
    "out of time": (
        wait_for_its_end,
        ["--set-resources", "train:runtime=attempt", "train:slurm_extra='--open-mode=append'"],
    ),
    "out of memory": (wait_for_its_end, ["--set-resources", "train:mem_mb=400*attempt**2"]),
}


@dataclass(frozen=True)
class Left:
    """A training that was left alone: its weights, and a project in which it was not done yet."""

    project: Path
    weights: bytes


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Left:
    untouched, folder = (tmp_path_factory.mktemp(name) / "project" for name in ("untouched", "alone"))
    copy_finished(finished_smoke(tmp_path_factory, "master"), untouched)
    (untouched / "long.yaml").write_text(yaml.safe_dump(LONG))
    copy_finished(untouched, folder)
    answer = snakemake(folder, *asked(), timeout=MINUTES * 60)
    assert answer.returncode == 0, answer.stdout
    return Left(untouched, (folder / WEIGHTS).read_bytes())


def copy_finished(source: Path, folder: Path) -> Path:
    """Everything up to the scores, and what Snakemake knows of it; no trainings."""
    shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns("resources", "runs"))
    (folder / "resources").symlink_to((source / "resources").resolve())
    return folder


def asked(*more: str) -> list[str]:
    return [*more, "--configfile", SCALE, "long.yaml", "--", str(WEIGHTS)]


def epochs_done(folder: Path) -> list[dict[str, Any]]:
    """The epochs that the training's checkpoint holds."""
    path = folder / FOLDER / "checkpoint/state.pt"
    return torch.load(path, weights_only=True)["epochs"] if path.exists() else []


@dataclass(frozen=True)
class Finished:
    """A disturbed training: its jobs, the last one last, the epochs it had when it was disturbed, and its folder."""

    jobs: list[Job]
    done: list[dict[str, Any]]
    folder: Path


def train(cluster: Cluster, folder: Path, disturb: Disturb, more: list[str]) -> Finished:
    """Train on Slurm, disturb the job after a few epochs, wait for the end."""
    run = start_on_slurm(folder, *asked(*more))
    try:
        done = disturbed(cluster, run, folder, disturb)
        status = run.wait(MINUTES * 60)
    finally:
        run.terminate()
    assert status == 0, (folder / "slurm.txt").read_text()[-6000:]
    return Finished(cluster.jobs_of(folder, "train"), done, folder)


def disturbed(cluster: Cluster, run: subprocess.Popen[str], folder: Path, disturb: Disturb) -> list[dict[str, Any]]:
    """Wait for the first epochs and disturb the job; what was done then."""
    wait_until(lambda: run.poll() is not None or len(epochs_done(folder)) >= EPOCHS, 600, f"epochs in {folder}")
    (job,) = (job for job in cluster.jobs_of(folder, "train") if job.state == "RUNNING")
    done = epochs_done(folder)
    disturb(cluster, job)
    return done


@pytest.fixture(scope="module")
def disturbances(
    cluster: Cluster, left_alone: Left, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Finished]]]:
    """All at once, since each waits for Slurm most of the time."""
    base = tmp_path_factory.mktemp("disturbed")
    with ThreadPoolExecutor(len(DISTURBED)) as pool:
        yield {
            name: pool.submit(train, cluster, copy_finished(left_alone.project, base / name / "p"), *how)
            for name, how in DISTURBED.items()
        }


def check(what: str, found: Finished, left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    """Same weights; and the epochs from before have the seconds that they took then: they were not trained again."""
    with capsys.disabled():
        for job in found.jobs:
            words = ", ".join(f"{name} {value}" for name, value in job.asked.items())
            print(f"\n{what}: job {job.number} {job.state}, restarts {job.restarts}, took {job.used} ({words})", end="")
    assert (found.folder / WEIGHTS).read_bytes() == left.weights
    log = pd.read_csv(found.folder / FOLDER / "epochs.csv")
    assert len(log) == LONG["training"]["epochs"] > len(found.done)
    assert log["seconds"].head(len(found.done)).tolist() == pytest.approx([epoch["seconds"] for epoch in found.done])


def test_cancelled(
    disturbances: dict[str, Future[Finished]], left_alone: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    found = disturbances["cancelled"].result()
    check("scancel", found, left_alone, capsys)
    assert [job.state for job in found.jobs] == ["CANCELLED", "COMPLETED"]


def test_requeued(
    disturbances: dict[str, Future[Finished]], left_alone: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a scheduler preempts: the same job starts again, and Snakemake sees nothing of it."""
    found = disturbances["requeued"].result()
    check("scontrol requeue", found, left_alone, capsys)
    assert [(job.state, job.restarts) for job in found.jobs] == [("COMPLETED", 1)]


def test_told_of_its_end(
    disturbances: dict[str, Future[Finished]], left_alone: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGTERM some minutes before its time is over, as the profile has it: it writes where it is and ends."""
    found = disturbances["told of its end"].result()
    check("--signal", found, left_alone, capsys)
    assert [job.state for job in found.jobs] == ["FAILED"] * (len(found.jobs) - 1) + ["COMPLETED"]
    assert len(found.jobs) > 1


def test_out_of_time(
    disturbances: dict[str, Future[Finished]], left_alone: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a word before."""
    found = disturbances["out of time"].result()
    check("time limit", found, left_alone, capsys)
    assert [job.state for job in found.jobs] == ["TIMEOUT"] * (len(found.jobs) - 1) + ["COMPLETED"]
    assert len(found.jobs) > 1


def test_out_of_memory(
    cluster: Cluster, disturbances: dict[str, Future[Finished]], left_alone: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    """Too little is asked for at first, and more in the next attempt. (Without cgroups the state is FAILED.)"""
    found = disturbances["out of memory"].result()
    check("memory", found, left_alone, capsys)
    first, *_, last = found.jobs
    assert (first.state, last.state) == ("FAILED", "COMPLETED")
    assert f"StepId={first.number}.0 exceeded memory limit" in (cluster.folder / "slurmd.log").read_text()


def test_dead_node(cluster: Cluster, left_alone: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its daemon and all processes are killed; Slurm notices, and starts the job again when the node is back."""

    def lose_node(cluster: Cluster, job: Job) -> None:
        cluster.kill_node()
        wait_until(lambda: tell("sinfo", "-h", "-o", "%T").strip().startswith("down"), 120, "the node is down")
        cluster.start("node")

    found = train(cluster, copy_finished(left_alone.project, tmp_path / "p"), lose_node, [])
    check("dead node", found, left_alone, capsys)
    assert [(job.state, job.restarts) for job in found.jobs] == [("COMPLETED", 1)]
