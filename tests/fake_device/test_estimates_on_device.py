"""Separation, detection and scoring of trained runs where there is a fake GPU: as without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from fake_cuda import fake_cuda, needs_fake_cuda
from on_purpose import faults

from conftest import Line
from reprosep.audio.store import read_table
from reprosep.experiments.trained import TrainedRun, find_trained
from reprosep.params.reading import parse
from reprosep.params.scale import dump, merge

pytestmark = needs_fake_cuda

# What the steps of the line make before a training of each, besides what `prepared` has.
RUNS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "mm_vocals_iass_s42": ("iass", []),
    "musdb_drums_open-unmix_s42": ("iass", [("train", ["musdb_vocals_open-unmix_s42"])]),  # the filter takes all
    "musdb-mono_4-sources_ebw-p1-heads-4_s42": ("munet", [("energies", "musdb-mono")]),
    "musdb-mono_4-sources_c-u-net-4_s42": ("munet", [("energies", "musdb-mono")]),
    "musdb-16k_bass_musdb_s42": ("slakh", [("clips", "musdb-16k", "bass")]),
    "mm-detection_instruments_crnn_s42": ("activity", [("seconds", "mm-detection", 1)]),
}
INSTRUMENTS = ["male singer", "electric bass", "drum set", "piano"]
_SHORT = {"batch_size": 2, "items_per_epoch": 4, "epochs": 1}
_CORPORA = ("musdb-mono", "musdb-16k", "mm-detection")
CHANGE: dict[str, Any] = {
    "clips": {"seconds": 2.0, "presence": -40.0, "frames": 20, "small_hours": 0.003, "large_hours": 0.004, "valid": 2},
    "detection": {"instruments": INSTRUMENTS},
    "training": {**_SHORT, "gpu": 1, "compile": "never"},
    "corpora": {name: {"settings": {"training": _SHORT}} for name in _CORPORA},
    "scoring": {"device": "cuda"},
}
PERFECT = 90.0  # dB beyond which, up or down, a score tells nothing but rounding
QUICK = "mm_vocals_iass_s42"


def scores(line: Line, identifier: str) -> pd.DataFrame:
    """Of a run, which is scored anew."""
    file = line.results / "scores" / f"{identifier}.parquet"
    file.unlink(missing_ok=True)
    line.step("score", [identifier], 1)
    return read_table(file)


def estimate(run: TrainedRun) -> np.ndarray:
    """What it estimates in noise, on a GPU where there is one."""
    wave = np.random.default_rng(1).uniform(-0.5, 0.5, (run.channels, run.sample_rate)).astype(np.float32)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return run.separator(device)(wave, run.variants()[-1], lambda _count: None)


def slow_but(quick: str) -> list[Any]:
    return [name if name == quick else pytest.param(name, marks=pytest.mark.slow) for name in RUNS]


@pytest.mark.parametrize("identifier", slow_but(QUICK))
def test_trained_scored_and_separated(linked: Callable[..., Line], tmp_path: Path, identifier: str) -> None:
    """As the jobs do it: a record that tells the device, and numbers that are the processor's."""
    paper, before = RUNS[identifier]
    line = linked(merge(CHANGE, {"papers": [paper]}))
    for step in before:
        line.step(*step)
    with fake_cuda() as device:
        line.step("train", [identifier])
        run = find_trained(identifier, line.results)
        found = scores(line, identifier)
        heard = estimate(run) if run.separates else None
        assert faults(device.record.taken()) == []
    assert run.record["hardware"]["device"] == "cuda"
    assert run.record["hardware"]["gpu"] == "none"  # the fake one's name
    line.params = parse(merge(dump(line.params), {"scoring": {"device": "cpu"}}))
    wanted = scores(line, identifier)
    assert list(found.columns) == list(wanted.columns) and len(found) == len(wanted)
    for column in wanted.select_dtypes("number"):
        one, other = (table[column].clip(-PERFECT, PERFECT).to_numpy() for table in (found, wanted))
        assert one == pytest.approx(other, rel=1e-4, abs=1e-3, nan_ok=True)
    if heard is not None:
        assert heard == pytest.approx(estimate(run), abs=1e-5)
