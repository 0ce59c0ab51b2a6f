"""What was killed goes on where it was, and its weights and scores are those of an uninterrupted run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest
from project import copy_project, environment, finished_smoke

RESULTS = Path("results/smoke")
RUNS = ("mm_vocals_iass_s42", "mm_bass_iass_s42")
MOMENTS = {
    "training": "runs/*/checkpoint/state.pt",
    "scoring": "scores/.parts/*iass*/*.parquet",
}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return finished_smoke(tmp_path_factory, worker_id)


def copy_with_recordings(smoke: Path, folder: Path) -> Path:
    """A fresh project whose stand-in songs are those of the finished one (linked: composing them takes long)."""
    copy_project(folder)
    for path in (smoke / "resources").rglob("*"):
        target = folder / path.relative_to(smoke)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target)
    return folder


def start(folder: Path) -> subprocess.Popen[str]:
    """What `make smoke` starts, up to the scores of two trainings."""
    wanted = [word for run in RUNS for word in ("--target", str(RESULTS / f"scores/{run}.parquet"))]
    command = [sys.executable, "-m", "reprosep.cli", "reproduce", "smoke", *wanted]
    return subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True)


def kill_when(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """SIGKILL to a run with all of its jobs as soon as a moment is reached."""
    while not reached():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
    everyone = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in reversed(everyone):
        kill(member)
    process.wait()


def kill(member: psutil.Process) -> None:
    try:
        member.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return


def test_weights_and_scores_after_kills_in_training_and_scoring(smoke: Path, tmp_path: Path) -> None:
    folder = copy_with_recordings(smoke, tmp_path / "project")
    for pattern in MOMENTS.values():
        process = start(folder)
        kill_when(process, lambda wanted=pattern: bool(list((folder / RESULTS).glob(wanted))))
        assert any((folder / ".snakemake/locks").iterdir()), "nothing is left locked, so this would test nothing"
    last = start(folder)
    told = last.communicate()[1]
    assert last.returncode == 0, told
    for run in RUNS:
        weights, scores = RESULTS / "runs" / run / "best.safetensors", RESULTS / "scores" / f"{run}.parquet"
        assert (folder / weights).read_bytes() == (smoke / weights).read_bytes()
        pd.testing.assert_frame_equal(pd.read_parquet(folder / scores), pd.read_parquet(smoke / scores))
