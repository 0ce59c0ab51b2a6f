"""What was killed goes on where it was, and its weights and scores are those of an uninterrupted run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from project import copy_with_recordings, environment, finished_smoke

from moments import Moment, kill_all

RESULTS = Path("results/smoke")
RUNS = ("mm_vocals_iass_s42", "mm_bass_iass_s42")
MOMENTS = ("*/runs/*/checkpoint/state.pt", "*/scores/.parts/*iass*/*.parquet")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return finished_smoke(tmp_path_factory, worker_id)


def start(folder: Path, moment: Moment | None = None) -> subprocess.Popen[str]:
    """What `make smoke` starts, up to the scores of two trainings."""
    wanted = [word for run in RUNS for word in ("--target", str(RESULTS / f"scores/{run}.parquet"))]
    command = [sys.executable, "-m", "reprosep.cli", "reproduce", "smoke", *wanted]
    found = environment(folder)
    found = moment.environment(found) if moment else found
    return subprocess.Popen(command, cwd=folder, env=found, stderr=subprocess.PIPE, text=True)


def test_weights_and_scores_after_kills_in_training_and_scoring(smoke: Path, tmp_path: Path) -> None:
    folder = copy_with_recordings(smoke, tmp_path / "project")
    for pattern in MOMENTS:
        moment = Moment(tmp_path, pattern, 2)  # one checkpoint is there, or the scores of one song
        process = start(folder, moment)
        moment.wait(process)
        kill_all(process)
        assert any((folder / ".snakemake/locks").iterdir()), "nothing is left locked, so this would test nothing"
    last = start(folder)
    told = last.communicate()[1]
    assert last.returncode == 0, told
    for run in RUNS:
        weights, scores = RESULTS / "runs" / run / "best.safetensors", RESULTS / "scores" / f"{run}.parquet"
        assert (folder / weights).read_bytes() == (smoke / weights).read_bytes()
        pd.testing.assert_frame_equal(pd.read_parquet(folder / scores), pd.read_parquet(smoke / scores))
