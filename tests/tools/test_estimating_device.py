"""`--device` of the verbs for own songs and `separation.device` of scoring: what is wrong is told before all else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from conftest import Answer
from reprosep.base.errors import UserError
from reprosep.experiments.scorers import score
from reprosep.jobs import gpus
from reprosep.jobs.gpus import estimating_gpus
from synthetic import make_params

Command = Callable[..., Answer]


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize("verb", ["separate", "activity"])
@pytest.mark.parametrize(
    ("device", "told"), [("cuda", "--device: cuda, but "), ("gpu", "--device: unknown device 'gpu'")]
)
def test_before_anything_is_read(reprosep: Command, tmp_path: Path, verb: str, device: str, told: str) -> None:
    answer = reprosep(verb, tmp_path / "no-song.wav", "--run", "no-run", "--device", device)
    assert answer.sentence().startswith(told)


def test_scores_of_networks_need_the_device() -> None:
    params = make_params({"separation": {"device": "cuda"}})
    with pytest.raises(UserError, match=r"^separation.device: cuda, but "):
        score(params, ["mm_vocals_iass_s42"], 1)


def test_oracles_need_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UserError, OSError)) as told:  # there is no corpus
        score(make_params({"separation": {"device": "cuda"}}), ["mm_vocals_ibm"], 1)
    assert "separation.device" not in str(told.value)


def test_a_gpu_is_taken_only_where_it_is_asked_for() -> None:
    found = {
        device: estimating_gpus(make_params({"separation": {"device": device}}))
        for device in ("auto", "cpu", "mps", "cuda")
    }
    assert found == {"auto": 0, "cpu": 0, "mps": 0, "cuda": 1}
    assert gpus.gpu_places(found["cuda"], 3) == 1
