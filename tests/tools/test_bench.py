"""The benchmarks measure what they say, small here: every way runs, and the ways do the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from conftest import Answer
from reprosep.base.project import repository
from reprosep.papers.loading import load_paper
from reprosep.tools.bench import layouts, machine, separators
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
