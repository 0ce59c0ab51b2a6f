"""Trainings on two processes, beside the same on one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from conftest import CHANGE, Line
from moments import LONG
from reprosep.params.scale import merge
from reprosep.training.checkpoint import BEST
from synthetic import make_params
from trainings import TIMES, weights

SETTINGS: dict[str, Any] = {"epochs": 5, "items_per_epoch": 16, "schedule": "plateau"}
# In double precision two processes differ from one by the order of sums alone, 1e-15, and by the float32 of the metric.
EXACT = 1e-6
# A training as `reprosep train` does it, in double precision and without dropout, which each process draws for itself.
IN_DOUBLE = """
import torch
from torch.nn import functional

from reprosep import cli
from reprosep.experiments.target import training
from reprosep.experiments.target.examples import Example, Examples
from reprosep.models import open_unmix

finish = Examples.finish


def in_double(self, items):
    batch = finish(self, items)
    return Example(batch.target.double(), batch.mixture.double(), batch.labels.double())


torch.set_default_dtype(torch.float64)
open_unmix._DROPOUT = 0.0
Examples.finish = in_double
training.separation_loss = functional.mse_loss
training.activity_loss = functional.binary_cross_entropy_with_logits
training.estimates_of = lambda songs, *rest, of=training.estimates_of: of(
    [Example(song.target, song.mixture.double(), song.labels) for song in songs], *rest
)
cli.main()
"""


def curves(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "epochs.csv").drop(columns=TIMES)


def difference(one: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> float:
    """The largest relative one of the columns."""
    assert len(one) == len(other) == SETTINGS["epochs"]
    a, b = one[columns].to_numpy(), other[columns].to_numpy()
    return float((np.abs(a - b) / np.maximum(np.abs(a), 1e-12)).max())


def command(identifier: str) -> list[str]:
    return [sys.executable, "-m", "reprosep.cli", "train", identifier]


def environment() -> dict[str, str]:
    return {**os.environ, "CUDA_VISIBLE_DEVICES": ""}


def run(words: list[str]) -> tuple[int, str]:
    answer = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False, timeout=LONG, env=environment())
    return answer.returncode, answer.stderr


def assert_same_curve_in_double(made: Line, identifier: str) -> None:
    """One process and two, in double precision, train a prepared line to the same numbers."""
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
