"""The benchmarks measure what they say, small here: every way runs, and the ways do the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conftest import Answer
from reprosep.base.project import repository
from reprosep.papers.loading import load_paper
from reprosep.tools.bench import layouts, machine, separators, train, whole_steps
from reprosep.tools.bench.data import WAYS
from synthetic import make_params

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository())


@pytest.mark.slow
def test_data(reprosep: Callable[..., Answer]) -> None:
    answer = reprosep("bench", "data", "--scale", "demo", "--items", 1, "--repeats", 1)
    assert answer.status == 0, answer.err
    for title, _ in WAYS.values():
        assert title in answer.out
    assert answer.out.count("x (") == 6  # three ways of ours against two peers


@pytest.mark.slow
def test_train(reprosep: Callable[..., Answer]) -> None:
    answer = reprosep("bench", "train", "--scale", "smoke", "--batch", 1, "--repeats", 1)
    assert answer.status == 0, answer.err
    assert answer.out.count("authors': NCHW") == answer.out.count("channels last") == 2


def test_train_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same table with the same ratios, of one round and few steps, and it says so."""
    measured: list[tuple[str, int]] = []

    def measure(way: str, case: train.Case, file: Path, device: torch.device, steps: int) -> dict[str, Any]:
        measured.append((way, steps))
        return {"seconds": [0.5 * case.batch] * steps, "memory": 1, "operations": 1, "bytes": 1}

    monkeypatch.setattr(train, "_measure", measure)
    monkeypatch.setattr(machine, "_MATRIX", {"cpu": 8})
    monkeypatch.setattr(machine, "_COPIED", {"cpu": 8})
    (quick,) = train.bench(make_params(), [], "cpu", 3, quick=True)
    few, steps = len(measured), {steps for _, steps in measured}
    (whole,) = train.bench(make_params(), [], "cpu", 3)
    assert str(quick.title).startswith("Quick") and "Quick" not in str(whole.title)
    assert quick.row_count == whole.row_count and len(quick.columns) == len(whole.columns)
    assert few * 3 == len(measured) - few and steps == {1}


@pytest.mark.slow
def test_train_quickly_for_real(reprosep: Callable[..., Answer]) -> None:
    answer = reprosep("bench", "train", "--scale", "smoke", "--quick")
    assert answer.status == 0, answer.err
    assert answer.out.count("authors': NCHW") == 2 and "Quick, one round" in answer.out


def test_whole_steps_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU measures with data, here on the processor: one placement, nothing compiled."""
    monkeypatch.setattr(whole_steps, "_WARM_UP", 1)
    monkeypatch.setattr(whole_steps, "_STEPS", {True: 2})
    table = whole_steps.bench_whole_steps(make_params({"training": {"schedule": "plateau"}}), [2], quick=True)
    assert table.row_count == 2 and str(table.title).startswith("Quick")
    assert [*table.columns[2].cells] == ["device"] * 2
    assert all(float(cell) > 0 for cell in table.columns[3].cells)


def test_separate(reprosep: Callable[..., Answer]) -> None:
    answer = reprosep("bench", "separate", "--scale", "smoke", "--seconds", 4)
    assert answer.status == 0, answer.err
    assert "4 s" in answer.out and "1/" in answer.out


def test_a_device_that_is_not_there(reprosep: Callable[..., Answer]) -> None:
    told = reprosep("bench", "train", "--device", "tpu").sentence()
    assert told.startswith("--device: 'tpu' is not there; cpu is")


def test_both_ways_to_separate_give_the_same() -> None:
    params = make_params()
    song = np.random.default_rng(0).normal(scale=0.1, size=(2, 40000)).astype(np.float32)
    whole, chunks = separators.whole(params, song), separators.chunks(params, song)
    inner = slice(params.stft.n_fft, -params.stft.n_fft)  # the song's end fades out here, see separation/estimate.py
    np.testing.assert_allclose(whole[:, inner], chunks[:, inner], atol=1e-5)


def test_all_layouts_take_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    params, system = make_params(), load_paper("iass").systems["iass"]
    made: list[torch.nn.Module] = []
    build = layouts.build

    def kept(*arguments: object) -> torch.nn.Module:
        made.append(build(*arguments))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(layouts, "build", kept)
    for way in ("authors", "float32"):
        layouts.step_of(way, system, params, 2, CPU)()
    one, other = (dict(model.named_parameters()) for model in made)
    for name in one:
        torch.testing.assert_close(one[name].grad, other[name].grad, atol=1e-4, rtol=1e-3)


def test_the_work_of_a_product_is_counted() -> None:
    a, b = torch.rand(30, 40), torch.rand(40, 50)
    operations, moved = machine.work_of(lambda: a @ b)
    assert operations == 2 * 30 * 40 * 50
    assert moved == 4 * (30 * 40 + 40 * 50 + 30 * 50)


def test_evaluate(reprosep: Callable[..., Answer]) -> None:
    answer = reprosep("bench", "evaluate", "--songs", 3, "--seconds", 2)
    assert answer.status == 0, answer.err
    assert "reprosep evaluate, 2 processes" in answer.out and "× by the clock" in answer.out


def test_integrity(reprosep: Callable[..., Answer]) -> None:
    answer = reprosep("bench", "integrity", "--scale", "smoke", "--items", 1, "--repeats", 1)
    assert answer.status == 0, answer.err
    assert answer.out.count(" %") == 4
