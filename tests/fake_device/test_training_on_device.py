"""Trainings of every system on a fake GPU: all that belongs there is there, no step waits, losses are as elsewhere."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from cases import Case, left_behind, trained_systems
from fake_cuda import fake_cuda, needs_fake_cuda
from on_purpose import faults

from reprosep.base.errors import Preempted
from reprosep.base.preemption import StopRequest
from reprosep.training.loop import Outcome
from reprosep.training.side_by_side import Job, SideBySide

pytestmark = needs_fake_cuda

QUICK = [
    Case("iass", "iass", "mm"),
    Case("iass", "iass", "musdb"),
    Case("iass", "iass-no-labels", "mm"),
    Case("iass", "open-unmix", "musdb"),
    Case("iass", "m-u-net", "musdb-mono"),
    Case("munet", "uw-4", "musdb-mono"),
    Case("munet", "c-u-net-4", "musdb-mono"),
    Case("munet", "ebw-instp1-4", "musdb-mono"),
    Case("munet", "dedicated-4", "musdb-mono"),
    Case("slakh", "musdb", "musdb-16k"),
    Case("activity", "fc", "mm-detection"),
    Case("activity", "cnn", "mm-detection"),
    Case("activity", "crnn", "mm-detection"),
]
PLACED = [
    Case(paper, system, corpus, {"machine": {"recordings": place}})
    for paper, system, corpus in (("iass", "iass", "musdb"), ("munet", "uw-4", "musdb-mono"))
    for place in ("map", "memory")
]
UNKEPT = [Case("iass", "iass", "mm", {"machine": {"validation_gigabytes": 0}})]
NARROW = [
    Case(paper, system, corpus, {"training": {"precision": "bfloat16"}})
    for paper, system, corpus in (("iass", "iass", "mm"), ("iass", "open-unmix", "musdb"), ("slakh", "musdb", ""))
]
_SEEN = {(case.paper, case.system) for case in QUICK}
OTHERS = [case for case in trained_systems() if (case.paper, case.system) not in _SEEN]


def losses(outcome: Outcome) -> list[list[float]]:
    """Of every epoch, in training and validation."""
    return [[value for key, value in epoch.items() if key.startswith(("train_", "valid_"))] for epoch in outcome.epochs]


def trained(case: Case, folder: Path) -> Outcome:
    """A training on the fake GPU, in which nothing is a fault."""
    with fake_cuda() as device:
        training = case.training(folder / "gpu")
        assert training.device.type == "cuda"
        outcome = training.run(folder / "fake", "recipe")
        assert faults(device.record.taken()) == []
        assert left_behind(training) == []
    return outcome


@pytest.mark.parametrize(
    "case", [*QUICK, *PLACED, *UNKEPT, *(pytest.param(case, marks=pytest.mark.slow) for case in OTHERS)], ids=str
)
def test_nothing_waits_and_the_losses_are_the_processors(case: Case, tmp_path: Path) -> None:
    alone = case.training(tmp_path / "processor").run(tmp_path / "alone", "recipe")
    for found, wanted in zip(losses(trained(case, tmp_path)), losses(alone), strict=True):
        assert found == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("case", NARROW, ids=str)
def test_nothing_waits_in_bfloat16(case: Case, tmp_path: Path) -> None:
    outcome = trained(case, tmp_path)
    assert np.isfinite(losses(outcome)).all()


def test_a_stopped_training_goes_on(tmp_path: Path) -> None:
    """The state comes back to where it was: optimiser, losses of the epoch, random numbers."""
    case = QUICK[0]
    whole = trained(case, tmp_path / "whole")
    with fake_cuda() as device:
        stopped, stop = case.training(tmp_path / "first"), StopRequest()
        steps = stopped.running(tmp_path / "parts", "recipe", stop)
        with pytest.raises(Preempted):
            for _ in steps:
                if stopped.epochs:
                    stop.note(signal.SIGTERM)
        resumed = case.training(tmp_path / "second")
        outcome = resumed.run(tmp_path / "parts", "recipe")
        assert faults(device.record.taken()) == []
        assert left_behind(resumed) == []
    assert losses(outcome) == losses(whole)


def test_side_by_side(tmp_path: Path) -> None:
    """Two trainings take turns on the device, with the losses of one alone."""
    cases = QUICK[0], QUICK[3]
    alone = [trained(case, tmp_path / case.system) for case in cases]
    with fake_cuda() as device:
        made = [case.training(tmp_path / f"{case.system} again") for case in cases]
        jobs = [Job(training, tmp_path / training.name, "recipe") for training in made]
        SideBySide(jobs, StopRequest()).run()
        assert faults(device.record.taken()) == []
    assert [losses(job.training.outcome()) for job in jobs] == [losses(one) for one in alone]
