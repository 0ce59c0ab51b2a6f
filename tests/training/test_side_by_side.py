"""Trainings side by side are those that are trained one by one, to the last bit, also when they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from conftest import CHANGE, Line
from processes import curves
from reprosep.base.errors import Preempted, UserError
from reprosep.base.files import read_json
from reprosep.base.preemption import StopRequest
from reprosep.experiments.runs import needed_runs
from reprosep.jobs.start import train
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run, side_by_side
from reprosep.params.scale import merge
from reprosep.training.checkpoint import BEST, LAST
from reprosep.training.loop import Training
from reprosep.training.side_by_side import Job, SideBySide
from synthetic import make_params
from trainings import IASS, UNMIX, assert_same_weights, training

NAMES = [IASS, UNMIX, "mm_bass_iass_s42"]  # a network with dropout among them
SETTINGS = {"epochs": 3, "items_per_epoch": 8}
BASS = "mm_bass_iass_s42"


def jobs(prepared: Line, folder: Path) -> list[Job]:
    return [Job(training(prepared, name, **SETTINGS), folder / name, "recipe") for name in NAMES]


def test_the_same_weights_as_one_by_one(prepared: Line, tmp_path: Path) -> None:
    SideBySide(together := jobs(prepared, tmp_path / "together"), StopRequest()).run()
    for job in together:
        name = job.training.name
        alone = training(prepared, name, **SETTINGS).run(tmp_path / "alone" / name, "recipe")
        for file in (LAST, BEST):
            assert_same_weights(tmp_path / "alone" / name, tmp_path / "together" / name, file)
        same = ["train_loss", "valid_mse", "learning_rate"]
        found = job.training.outcome().epochs
        assert [[e[key] for key in same] for e in found] == [[e[key] for key in same] for e in alone.epochs]


def test_stopped_and_taken_up_again(prepared: Line, tmp_path: Path) -> None:
    stop = StopRequest()
    stopped = jobs(prepared, tmp_path / "parts")
    original = stopped[1].training.step

    def step(number: int) -> torch.Tensor:
        if number == 3:
            stop.reason = "SIGTERM"
        return original(number)

    stopped[1].training.step = step  # type: ignore[method-assign]
    with pytest.raises(Preempted, match="SIGTERM"):
        SideBySide(stopped, stop).run()
    SideBySide(jobs(prepared, tmp_path / "parts"), StopRequest()).run()
    SideBySide(jobs(prepared, tmp_path / "whole"), StopRequest()).run()
    for name in NAMES:
        assert_same_weights(tmp_path / "whole" / name, tmp_path / "parts" / name, LAST)


def test_one_that_diverges_stops_no_other(prepared: Line, tmp_path: Path) -> None:
    together = jobs(prepared, tmp_path)
    with torch.no_grad():
        together[0].training.model.linear.weight.fill_(float("nan"))
    side_by_side = SideBySide(together, StopRequest())
    side_by_side.run()
    assert list(side_by_side.errors) == [IASS]
    assert isinstance(side_by_side.errors[IASS], UserError)
    assert (tmp_path / BASS / BEST).exists() and not (tmp_path / IASS / BEST).exists()


def test_one_job_trains_several_to_the_same_weights(line: Callable[..., Line]) -> None:
    made = line("mm", change=merge(CHANGE, {"training": SETTINGS}))
    made.prepare("mm")
    for name in (IASS, BASS):
        made.step("train", [name])
    (made.results / "runs").rename(made.folder / "alone")
    made.step("train", [IASS, BASS])
    for name in (IASS, BASS):
        one, other = made.folder / "alone" / name, made.results / "runs" / name
        assert_same_weights(one, other, BEST)
        pd.testing.assert_frame_equal(curves(one), curves(other), check_exact=True)
        assert read_json(one / "run.json")["recipe"] == read_json(other / "run.json")["recipe"]


def test_what_shares_a_process() -> None:
    shared = make_params({"machine": {"side_by_side": True}})
    paper = load_paper("iass")
    pairs = [(run, paper.systems[run.system]) for run in needed_runs(shared, paper) if run.seed is not None]
    trained = [run for run, _ in pairs]
    groups = side_by_side(shared, pairs)
    members = sorted(name for group in groups.values() for name in group)
    assert members == sorted({*members}) and {*members} <= {run.id for run in trained}
    for name, group in groups.items():
        assert len(group) > 1 and {(run.corpus, run.system, run.seed) for run in trained if run.id in group} == {
            next((run.corpus, run.system, run.seed) for run in trained if run.id == group[0])
        }, name
    for change in ({"machine": {"side_by_side": False}}, {"training": {"gpu": 2}}):
        assert side_by_side(make_params(change), pairs) == {}


def test_systems_of_one_target_share_a_process() -> None:
    shared, paper = make_params({"machine": {"side_by_side": True}}), load_paper("beyond")
    systems = [name for name, system in paper.systems.items() if system.kind == "target"]
    runs = [Run(*pair, system, 42) for system in systems for pair in (("mm-rare", "synthesizer"), ("mm", "vocals"))]
    runs += [Run("mm", "drums", "iass", 42), Run("mm-rare", "synthesizer", "iass-mm25", 43)]
    groups = side_by_side(shared, [(run, paper.systems[run.system]) for run in runs])
    alone = {*systems} - {"iass"}
    assert groups == {
        "mm_iass_s42": ["mm_drums_iass_s42", "mm_vocals_iass_s42"],
        "mm_vocals_systems_s42": sorted(f"mm_vocals_{name}_s42" for name in alone),
        "mm-rare_synthesizer_systems_s42": sorted(f"mm-rare_synthesizer_{name}_s42" for name in systems),
    }


def test_a_process_has_one_corpus_and_one_device() -> None:
    for change, names, told in (
        ({}, [IASS, "musdb_drums_open-unmix_s42"], "several corpora"),
        ({"training": {"gpu": 2}}, [IASS, BASS], "training.gpu is 2"),
    ):
        with pytest.raises(UserError, match=told):
            train(make_params(merge(CHANGE, change)), names)


def test_what_was_trained_in_company_is_not_trained_again(
    line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = line("mm", change=merge(CHANGE, {"training": SETTINGS}))
    made.prepare("mm")
    made.step("train", [IASS, BASS])
    weights = (made.results / "runs" / BASS / BEST).read_bytes()
    (made.results / "runs" / BASS / BEST).unlink()
    monkeypatch.setattr(Training, "step", lambda *_: pytest.fail("trained again"))
    made.step("train", [BASS])
    assert (made.results / "runs" / BASS / BEST).read_bytes() == weights
