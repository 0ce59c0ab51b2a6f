"""Scores of runs: every variant and frame, interrupted, by several processes, and checked by museval."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.experiments.oracles.scores import OracleInFrames
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.target import ensemble
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.target.scores import TargetScorer
from reprosep.metrics import METRICS
from reprosep.mixtures.mixing import Recipe
from reprosep.papers.calibration import MaskChange
from reprosep.params.scale import Params
from reprosep.params.work import WienerFilter
from reprosep.scores.runs import score_runs
from reprosep.separation.oracle import oracle_estimate
from reprosep.separation.wiener import filtered_waves
from scores import score_frames
from synthetic import make_params

IASS = "mm_vocals_iass_s42"
UNMIX, SIBLING = "musdb_drums_open-unmix_s42", "musdb_vocals_open-unmix_s42"
ORACLES = [f"mm_{target}_{oracle}" for target in ("vocals", "bass") for oracle in ("ibm", "input", "irm", "wiener")]


# ---- runs --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scored(trained: Line) -> Line:
    trained.step("train", [SIBLING])
    for runs in ([IASS], [UNMIX, SIBLING]):
        trained.step("score", runs, 1)
    trained.step("score", ORACLES, 1)
    return trained


def table(line: Line, run: str, kind: str = "") -> pd.DataFrame:
    return read_table(line.results / "scores" / f"{run}{kind}.parquet")


def test_every_variant_song_and_frame_is_there(scored: Line) -> None:
    found = table(scored, IASS)
    assert set(found["variant"]) == {"none", "raw", "median", "oracle"}
    assert found.groupby(["variant", "song"]).size().eq(6).all()
    assert set(found["seed"]) == {42}
    assert set(table(scored, UNMIX)["variant"]) == {"none", "wiener"}
    assert table(scored, "mm_vocals_ibm")["seed"].isna().all()
    assert not (scored.results / "scores" / "mm_vocals_ibm.activity.parquet").exists()


@pytest.mark.parametrize("run", [IASS, UNMIX, SIBLING, *ORACLES])
def test_a_frame_without_a_score_says_why(scored: Line, run: str) -> None:
    found = table(scored, run)
    np.testing.assert_array_equal(found["SDR"].isna(), found["dropped"] != "")


def test_input_scores_are_those_of_the_mixture(scored: Line) -> None:
    scorer = _scorer(scored, "mm_vocals_input")
    recipe = scorer.recipes()[0]
    target, mixture = scorer.mixer.render(recipe)
    found = table(scored, "mm_vocals_input")
    rate = scored.params.audio.sample_rate
    plain = score_frames(target.T, (mixture - target).T, mixture.T, rate, rate)
    np.testing.assert_array_equal(found[found["song"] == recipe.name]["SDR"], plain["SDR"])


def test_what_frames_do_not_tell_is_told_of_every_variant(scored: Line) -> None:
    """uSDR is its definition; the mixture leaves all of itself in silence, a gate by the labels almost nothing."""
    scorer = _scorer(scored, "mm_vocals_input")
    recipe = scorer.recipes()[0]
    target, mixture = scorer.mixer.render(recipe)
    found = table(scored, "mm_vocals_input").query("song == @recipe.name")
    expected = 10 * np.log10((target.astype(float) ** 2).sum() / ((mixture - target).astype(float) ** 2).sum())
    np.testing.assert_allclose(found["uSDR"], expected, atol=1e-3)
    leakage = table(scored, IASS).groupby(["song", "variant"])["Leakage"].agg(["nunique", "first"])
    assert (leakage["nunique"] <= 1).all()  # the same in every frame of a song
    by_variant = leakage["first"].dropna().unstack("variant")
    assert len(by_variant) and (by_variant["oracle"] < by_variant["none"] - 3).all()
    known = found["Leakage"].dropna()
    np.testing.assert_allclose(known, 0, atol=1e-6)


@pytest.mark.parametrize("mask", ["ibm", "irm", "wiener"])
def test_an_ideal_mask_beats_the_mixture(scored: Line, mask: str) -> None:
    assert table(scored, f"mm_vocals_{mask}")["SDR"].median() > table(scored, "mm_vocals_input")["SDR"].median() + 3


def test_scores_do_not_depend_on_what_is_scored_beside(scored: Line, tmp_path: Path) -> None:
    """Oracles of a target share its references; each alone, to the last bit, is what all of them together are."""
    for run in ORACLES[:4]:
        score_runs([_scorer(scored, run)], tmp_path, 1)
        assert (tmp_path / f"{run}.parquet").read_bytes() == (scored.results / "scores" / f"{run}.parquet").read_bytes()


@pytest.mark.parametrize("run", ORACLES)
def test_oracle_scores_are_those_of_the_estimate_alone(scored: Line, run: str) -> None:
    scorer = _scorer(scored, run)
    for recipe in scorer.recipes():
        target, mixture = scorer.mixer.render(recipe)
        estimate = oracle_estimate(
            target, mixture, scorer.system.mask.applied(scorer.system.oracle, scored.params.scoring)
        )
        rate = scored.params.audio.sample_rate
        plain = score_frames(target.T, (mixture - target).T, estimate.T, rate, rate)
        found = table(scored, run)
        for metric in METRICS:
            np.testing.assert_array_equal(found[found["song"] == recipe.name][metric], plain[metric])


def test_an_interrupted_scoring_of_several_runs_goes_on(
    scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = OracleInFrames.score
    done: list[tuple[str, str]] = []

    def count(self: OracleInFrames, recipe: Recipe, *rest: Any) -> object:
        if len(done) == 2 and not stopped:
            raise KeyboardInterrupt
        done.append((self.run.id, recipe.name))
        return original(self, recipe, *rest)

    monkeypatch.setattr(OracleInFrames, "score", count)
    stopped: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        score_runs([_scorer(scored, run) for run in ORACLES], tmp_path, 1)
    stopped.append(True)
    score_runs([_scorer(scored, run) for run in ORACLES], tmp_path, 1)
    songs = sum(len(_scorer(scored, run).recipes()) for run in ORACLES)
    assert len(done) == len(set(done)) == songs
    for run in ORACLES:
        assert (tmp_path / f"{run}.parquet").read_bytes() == (scored.results / "scores" / f"{run}.parquet").read_bytes()


def test_a_paper_may_change_a_mask(scored: Line, tmp_path: Path) -> None:
    plain = _scorer(scored, "mm_vocals_ibm")
    system = plain.system.model_copy(update={"mask": MaskChange(n_fft=256)})
    score_runs([dataclasses.replace(plain, system=system)], tmp_path, 1)
    changed = read_table(tmp_path / "mm_vocals_ibm.parquet")["SDR"]
    assert (changed - table(scored, "mm_vocals_ibm")["SDR"]).abs().max() > 0.01


def test_activity_of_every_frame(scored: Line) -> None:
    activity = table(scored, IASS, ".activity")
    scorer = _scorer(scored, IASS)
    assert activity["probability"].between(0, 1).all()
    for recipe in scorer.recipes():
        rows = activity[activity["song"] == recipe.name]
        np.testing.assert_array_equal(rows["label"], scorer.mixer.labels(recipe))
        assert rows["time"].iloc[-1] == pytest.approx(6.0, abs=0.05)


def test_what_is_heard_is_gated_and_comes_with_its_gate(scored: Line) -> None:
    scorer = _scorer(scored, IASS)
    recipe = scorer.recipes()[0]
    waves, probability = scorer.estimates(recipe, scorer.scene(recipe))
    heard = scorer.estimate_to_hear(recipe, "vocals")
    np.testing.assert_array_equal(heard.wave, dict(waves)["median"])
    assert probability is not None and heard.probability is not None and heard.gate is not None
    np.testing.assert_array_equal(heard.probability, probability)
    assert heard.gate.dtype == bool and heard.gate.shape == heard.probability.shape == scorer.mixer.labels(recipe).shape
    plain = _scorer(scored, UNMIX)
    heard = plain.estimate_to_hear(plain.recipes()[0], "drums")
    assert heard.probability is None and heard.gate is None


def _scorer(line: Line, identifier: str, **change: object) -> TargetScorer:
    params = make_params({**CHANGE, **change})
    return scorer_for(params, *find_run(params, identifier), line.results)


def test_two_processes_give_the_same_files(scored: Line, tmp_path: Path) -> None:
    score_runs([_scorer(scored, run) for run in (IASS, *ORACLES)], tmp_path, 2)
    paths = list(tmp_path.glob("*.parquet"))
    assert len(paths) == 2 + len(ORACLES)
    for path in paths:
        assert path.read_bytes() == (scored.results / "scores" / path.name).read_bytes()


def test_an_interrupted_scoring_goes_on_with_the_next_song(
    scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TargetScorer.score
    done: list[Recipe] = []

    def stop(self: TargetScorer, recipe: Recipe, *rest: Any) -> object:
        if done:
            raise KeyboardInterrupt
        done.append(recipe)
        return original(self, recipe, *rest)

    monkeypatch.setattr(TargetScorer, "score", stop)
    with pytest.raises(KeyboardInterrupt):
        score_runs([_scorer(scored, IASS)], tmp_path, 1)
    assert not list(tmp_path.glob("*.parquet"))
    assert len(list(tmp_path.rglob("*.activity.parquet"))) == 1

    def count(self: TargetScorer, recipe: Recipe, *rest: Any) -> object:
        done.append(recipe)
        return original(self, recipe, *rest)

    monkeypatch.setattr(TargetScorer, "score", count)
    scorer = _scorer(scored, IASS)
    score_runs([scorer], tmp_path, 1)
    assert [recipe.name for recipe in done] == [recipe.name for recipe in scorer.recipes()]
    assert (tmp_path / f"{IASS}.parquet").read_bytes() == (scored.results / "scores" / f"{IASS}.parquet").read_bytes()


def test_parts_of_other_settings_are_not_used(scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # keep the parts
    score_runs([_scorer(scored, "mm_vocals_input")], tmp_path, 1)
    changed = {"scoring": {"window_seconds": 2.0, "hop_seconds": 2.0}}
    score_runs([_scorer(scored, "mm_vocals_input", **changed)], tmp_path, 1)
    assert read_table(tmp_path / "mm_vocals_input.parquet").groupby("song").size().eq(3).all()


def test_a_network_that_says_nothing_is_scored(scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates silent from start to end: no score, a reason for every frame, no crash."""
    import torch

    scorer = _scorer(scored, IASS)
    with torch.no_grad():
        scorer.model.output_scale.zero_()
        scorer.model.output_mean.fill_(-1.0)
    score_runs([scorer], tmp_path, 1)
    found = read_table(tmp_path / f"{IASS}.parquet")
    assert found[list(METRICS)].isna().all(axis=None)
    assert set(found["dropped"]) <= {"silent estimate", "silent target", "silent accompaniment"}


# ---- the Wiener filter of several runs -----------------------------------------------------------------------------


def test_what_is_filtered_together_is_what_each_alone_is(scored: Line, tmp_path: Path) -> None:
    """Each alone passes the other's network, too, and gives the same bytes; so do two processes."""
    alone, processes = tmp_path / "alone", tmp_path / "processes"
    for run in (UNMIX, SIBLING):
        score_runs([_scorer(scored, run)], alone, 1)
    score_runs([_scorer(scored, run) for run in (UNMIX, SIBLING)], processes, 2)
    for folder in (alone, processes):
        for run in (UNMIX, SIBLING):
            expected = (scored.results / "scores" / f"{run}.parquet").read_bytes()
            assert (folder / f"{run}.parquet").read_bytes() == expected


def test_runs_that_are_filtered_together_share_their_forward_passes(
    scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, passes = ensemble.separate, []

    def count(model: Any, mixture: np.ndarray, params: Params) -> object:
        passes.append((id(model), mixture.tobytes()))
        return original(model, mixture, params)

    monkeypatch.setattr(ensemble, "separate", count)
    scorers = [_scorer(scored, run) for run in (UNMIX, SIBLING)]
    score_runs(scorers, tmp_path, 1)
    songs = {recipe.name for scorer in scorers for recipe in scorer.recipes()}
    assert len(passes) == len(set(passes)) == 2 * len(songs)


def test_the_filter_is_of_all_targets_and_what_they_leave(scored: Line) -> None:
    """At this scale two of four sources are separated."""
    scorers = {run: _scorer(scored, run) for run in (SIBLING, UNMIX)}  # the order of the corpus's targets
    plain = scorers[UNMIX]
    scene = plain.scene(recipe := plain.recipes()[0])
    parts = [separate(scorer.model, scene.mixture, plain.params) for scorer in scorers.values()]
    magnitudes = [one.magnitudes for one in parts]
    expected = filtered_waves(parts[0].spectrum, magnitudes, [None, None], WienerFilter(), residual=True)
    found = dict(plain.estimates(recipe, scene)[0])
    np.testing.assert_array_equal(found["wiener"], expected[1])
    assert not np.allclose(found["wiener"], found["none"], atol=1e-3)


def test_a_run_whose_siblings_are_missing_cannot_be_scored(scored: Line, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / UNMIX).symlink_to(scored.results / "runs" / UNMIX)
    params = make_params(CHANGE)
    with pytest.raises(UserError, match=rf"which the Wiener filter of {UNMIX} takes; .*`reprosep train {SIBLING}`"):
        scorer_for(params, *find_run(params, UNMIX), tmp_path)
