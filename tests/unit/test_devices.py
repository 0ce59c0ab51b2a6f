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
import torch
from test_preemption import TIMES
from test_training import IASS, UNMIX, assert_same_weights, weights

from conftest import CHANGE, Line
from reprosep.errors import UserError
from reprosep.files import read_json
from reprosep.jobs.processes import one_of_several
from reprosep.params import merge
from reprosep.training.checkpoint import BEST, LAST, STATE
from synthetic import make_params

SETTINGS: dict[str, Any] = {"epochs": 5, "items_per_epoch": 32, "schedule": "plateau"}
# In double precision two processes differ from one by the order of sums alone, 1e-15, and by the float32 of the metric.
EXACT = 1e-6
# In float32 that order matters more: biases before a batch norm have gradients that are rounding errors alone, which
# Adam scales to full steps. They change no training output, but validation, whose running means lag behind.
FLOAT32 = 0.02
# A training as `reprosep train` does it, in double precision and without dropout, which each process draws for itself.
IN_DOUBLE = """
import torch
from torch.nn import functional

from reprosep import cli
from reprosep.models import open_unmix
from reprosep.training import loop
from reprosep.training.examples import Example, Examples

assemble = Examples._assemble


def in_double(self, recipes):
    batch = assemble(self, recipes)
    return Example(batch.target.double(), batch.mixture.double(), batch.labels.double())


torch.set_default_dtype(torch.float64)
open_unmix._DROPOUT = 0.0
Examples._assemble = in_double
loop.separation_loss = functional.mse_loss
loop.activity_loss = functional.binary_cross_entropy_with_logits
loop.estimate_of = lambda song, *rest, of=loop.estimate_of: of(
    Example(song.target, song.mixture.double(), song.labels), *rest
)
cli.main()
"""


def curves(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "epochs.csv").drop(columns=list(TIMES))


def difference(one: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> float:
    """The largest relative one of the columns."""
    assert len(one) == len(other) == SETTINGS["epochs"]
    a, b = one[columns].to_numpy(), other[columns].to_numpy()
    return float((np.abs(a - b) / np.maximum(np.abs(a), 1e-12)).max())


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
    apart = difference(curves(made.folder / "one"), curves(folder), ["train_loss"])
    print("training losses of one and two processes in float32 differ by", apart)
    assert apart < FLOAT32
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


@pytest.mark.parametrize(("identifier", "corpus"), [(IASS, "mm"), (UNMIX, "musdb")])
def test_two_processes_have_the_curve_of_one(line: Callable[..., Line], identifier: str, corpus: str) -> None:
    made = line(corpus, change=merge(CHANGE, {"training": SETTINGS}))
    made.prepare(corpus)
    script = made.folder / "train.py"
    script.write_text(IN_DOUBLE)
    folder = made.results / "runs" / identifier
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for gpu, words in ((0, []), (2, torchrun)):
        made.params = make_params(merge(CHANGE, {"training": {**SETTINGS, "gpu": gpu}}))
        made.write_params()
        status, told = run([sys.executable, *words, str(script), "train", identifier])
        assert status == 0, told
        folder.rename(made.folder / f"on {gpu}")
    one, two = made.folder / "on 0", made.folder / "on 2"
    apart = difference(curves(one), curves(two), ["train_loss", "train_mse", "train_bce", "valid_mse", "learning_rate"])
    print("curves of one and two processes in double precision differ by", apart)
    assert apart < EXACT
    w, v = weights(one, BEST), weights(two, BEST)
    assert w.keys() == v.keys()
    assert all(torch.allclose(w[name], v[name], rtol=EXACT, atol=EXACT) for name in w)


def test_torchrun_with_another_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    params = make_params({"training": {"gpu": 2}})
    with pytest.raises(UserError, match=r"training.gpu: 2, but torchrun started 4 processes"), one_of_several(params):
        pass
