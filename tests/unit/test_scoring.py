"""Scores of runs: every variant and frame, interrupted, by several processes, and checked by museval."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep import scoring
from reprosep.audio.store import read_table
from reprosep.metrics import METRICS
from reprosep.papers import find_run
from reprosep.scoring import score_run, scorer_for
from scores import score_frames
from synthetic import make_params

IASS = "mm_vocals_iass_s42"


# ---- runs --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scored(trained: Line) -> Line:
    for run in (IASS, "musdb_drums_open-unmix_s42", "mm_vocals_ibm", "mm_vocals_input"):
        trained.step("score", run, 1)
    return trained


def table(line: Line, run: str, kind: str = "") -> pd.DataFrame:
    return read_table(line.results / "scores" / f"{run}{kind}.parquet")


def test_every_variant_song_and_frame_is_there(scored: Line) -> None:
    found = table(scored, IASS)
    assert set(found["variant"]) == {"none", "raw", "median", "oracle"}
    assert found.groupby(["variant", "song"]).size().eq(6).all()
    assert set(found["seed"]) == {42}
    assert set(table(scored, "musdb_drums_open-unmix_s42")["variant"]) == {"none"}
    assert table(scored, "mm_vocals_ibm")["seed"].isna().all()
    assert not (scored.results / "scores" / "mm_vocals_ibm.activity.parquet").exists()


@pytest.mark.parametrize("run", [IASS, "musdb_drums_open-unmix_s42", "mm_vocals_ibm", "mm_vocals_input"])
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


def test_the_oracle_mask_beats_the_mixture(scored: Line) -> None:
    assert table(scored, "mm_vocals_ibm")["SDR"].median() > table(scored, "mm_vocals_input")["SDR"].median() + 3


def test_activity_of_every_frame(scored: Line) -> None:
    activity = table(scored, IASS, ".activity")
    scorer = _scorer(scored, IASS)
    assert activity["probability"].between(0, 1).all()
    for recipe in scorer.recipes():
        rows = activity[activity["song"] == recipe.name]
        np.testing.assert_array_equal(rows["label"], scorer.mixer.labels(recipe))
        assert rows["time"].iloc[-1] == pytest.approx(6.0, abs=0.05)


def _scorer(line: Line, identifier: str, **change: object) -> scoring.Scorer:
    params = make_params({**CHANGE, **change})
    return scorer_for(params, *find_run(params, identifier), line.results)


def test_two_processes_give_the_same_files(scored: Line, tmp_path: Path) -> None:
    score_run(_scorer(scored, IASS), tmp_path, 2)
    for path in tmp_path.glob("*.parquet"):
        assert path.read_bytes() == (scored.results / "scores" / path.name).read_bytes()


def test_an_interrupted_scoring_goes_on_with_the_next_song(
    scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, done = scoring.Scorer.score, []

    def stop(self: scoring.Scorer, recipe: object) -> object:
        if done:
            raise KeyboardInterrupt
        done.append(recipe)
        return original(self, recipe)  # type: ignore[arg-type]

    monkeypatch.setattr(scoring.Scorer, "score", stop)
    with pytest.raises(KeyboardInterrupt):
        score_run(_scorer(scored, IASS), tmp_path, 1)
    assert not list(tmp_path.glob("*.parquet"))
    assert len(list(tmp_path.rglob("*.activity.parquet"))) == 1

    def count(self: scoring.Scorer, recipe: object) -> object:
        done.append(recipe)
        return original(self, recipe)  # type: ignore[arg-type]

    monkeypatch.setattr(scoring.Scorer, "score", count)
    scorer = _scorer(scored, IASS)
    score_run(scorer, tmp_path, 1)
    assert [recipe.name for recipe in done] == [recipe.name for recipe in scorer.recipes()]
    assert (tmp_path / f"{IASS}.parquet").read_bytes() == (scored.results / "scores" / f"{IASS}.parquet").read_bytes()


def test_parts_of_other_settings_are_not_used(scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # keep the parts
    score_run(_scorer(scored, "mm_vocals_input"), tmp_path, 1)
    changed = {"scoring": {"window_seconds": 2.0, "hop_seconds": 2.0}}
    score_run(_scorer(scored, "mm_vocals_input", **changed), tmp_path, 1)
    assert read_table(tmp_path / "mm_vocals_input.parquet").groupby("song").size().eq(3).all()


def test_a_network_that_says_nothing_is_scored(scored: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates silent from start to end: no score, a reason for every frame, no crash."""
    import torch

    scorer = _scorer(scored, IASS)
    with torch.no_grad():
        scorer.model.output_scale.zero_()
        scorer.model.output_mean.fill_(-1.0)
    score_run(scorer, tmp_path, 1)
    found = read_table(tmp_path / f"{IASS}.parquet")
    assert found[list(METRICS)].isna().all(axis=None)
    assert set(found["dropped"]) <= {"silent estimate", "silent target", "silent accompaniment"}
