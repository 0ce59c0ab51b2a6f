"""One training on two processes: the curve of one, stopped and killed without harm."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from test_preemption import TIMES
from test_training import IASS, UNMIX, assert_same_weights, weights

from conftest import CHANGE, Line
from reprosep.errors import UserError
from reprosep.files import read_json
from reprosep.jobs.processes import one_of_several
from reprosep.params import merge
from reprosep.training.checkpoint import BEST, LAST, STATE
from synthetic import make_params

SETTINGS: dict[str, Any] = {"epochs": 6, "items_per_epoch": 48, "schedule": "plateau"}
# What two processes may differ by: float32 sums in another order, which 72 steps of Adam magnify.
LOSS_TOLERANCE = 1e-3
WEIGHT_TOLERANCE = 1e-3


def curves(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "epochs.csv").drop(columns=list(TIMES))


def assert_same_curve(one: Path, other: Path) -> None:
    a, b = curves(one), curves(other)
    assert list(a) == list(b) and len(a) == len(b) == SETTINGS["epochs"]
    np.testing.assert_allclose(a, b, rtol=LOSS_TOLERANCE)
    print("largest difference of a loss:", float((np.abs(a - b) / np.abs(a).clip(1e-30)).to_numpy().max()))
    w, v = weights(one), weights(other)
    differences = [float((w[k] - v[k]).norm() / w[k].norm().clamp_min(1e-6)) for k in w if w[k].is_floating_point()]
    print("largest difference of a weight tensor:", max(differences))
    assert max(differences) < WEIGHT_TOLERANCE


def started(line: Callable[..., Line], corpus: str, identifier: str) -> tuple[Line, Path]:
    """A line with a one-process training in the folder ``one``, and with two processes as its parameters."""
    made = line(corpus, change=merge(CHANGE, {"training": SETTINGS}))
    made.prepare(corpus)
    made.step("train", identifier)
    folder = made.results / "runs" / identifier
    folder.rename(made.folder / "one")
    made.params = make_params(merge(CHANGE, {"training": {**SETTINGS, "gpu": 2}}))
    made.write_params()
    return made, folder


def command(identifier: str) -> list[str]:
    return [sys.executable, "-m", "reprosep.cli", "train", identifier]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CUDA")}


def run(words: list[str]) -> tuple[int, str]:
    answer = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False, timeout=120, env=environment())
    return answer.returncode, answer.stderr


def when_training(state: Path) -> subprocess.Popen[str]:
    """A training with two processes that has just written a checkpoint."""
    seen = state.stat().st_mtime_ns if state.exists() else 0
    process = subprocess.Popen(command(IASS), stderr=subprocess.PIPE, text=True, env=environment())
    while not state.exists() or state.stat().st_mtime_ns == seen:
        time.sleep(0.01)
        assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def test_two_processes_stopped_and_killed(line: Callable[..., Line], tmp_path: Path) -> None:
    made, folder = started(line, "mm", IASS)
    status, told = run(command(IASS))
    assert status == 0, told
    assert read_json(folder / "run.json")["hardware"]["devices"] == 2
    assert_same_curve(made.folder / "one", folder)
    folder.rename(tmp_path / "two")

    state = folder / "checkpoint" / STATE
    process = when_training(state)
    time.sleep(random.Random(1).uniform(0, 0.3))
    start = time.monotonic()
    process.send_signal(signal.SIGUSR1)
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 75, told
    assert time.monotonic() - start < 10
    sentences = [text for text in told.splitlines() if text.startswith("reprosep: ")]
    assert len(sentences) == 1 and "Traceback" not in told, told
    assert "stopped by SIG" in sentences[0] and "goes on from" in sentences[0]

    process = when_training(state)
    workers = psutil.Process(process.pid).children()
    assert len(workers) == 2
    workers[1].send_signal(signal.SIGKILL)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert told.splitlines()[-1].startswith(f"reprosep: run '{IASS}': process 1 of several ended with SIGKILL"), told
    assert not any(worker.is_running() for worker in workers)

    status, told = run(command(IASS))
    assert status == 0, told
    for name in (LAST, BEST):
        assert_same_weights(tmp_path / "two" / "checkpoint", folder / "checkpoint", name)
    pd.testing.assert_frame_equal(curves(tmp_path / "two"), curves(folder), check_exact=True)


def test_open_unmix_without_dropout_has_the_same_curve(
    line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process draws its own dropout, so that with it the curves are those of different seeds."""
    from reprosep.models import open_unmix

    monkeypatch.setattr(open_unmix, "_DROPOUT", 0.0)
    made, folder = started(line, "musdb", UNMIX)
    script = made.folder / "train.py"
    script.write_text(
        "from reprosep import cli\nfrom reprosep.models import open_unmix\nopen_unmix._DROPOUT = 0.0\ncli.main()\n"
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    status, told = run([*torchrun, str(script), "train", UNMIX])
    assert status == 0, told
    assert_same_curve(made.folder / "one", folder)


def test_torchrun_with_another_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    params = make_params({"training": {"gpu": 2}})
    with pytest.raises(UserError, match=r"training.gpu: 2, but torchrun started 4 processes"), one_of_several(params):
        pass
