"""Scores per frame against museval's own, and runs of scoring that are interrupted or done by several processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import museval
import numpy as np
import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep import scoring
from reprosep.audio.store import read_table
from reprosep.metrics.bsseval import METRICS, drop_reasons, frame_starts, score_frames
from reprosep.papers import find_run
from reprosep.scoring import score_run, scorer_for
from synthetic import make_params

RATE = 8000
IASS = "mm_vocals_iass_s42"


def waves(channels: int, seconds: float = 4.3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Target, accompaniment and estimate, each silent in one second of its own."""
    random = np.random.default_rng(seed)
    target, rest = 0.1 * random.normal(size=(2, int(seconds * RATE), channels))
    estimate = 0.8 * target + 0.2 * np.roll(rest, 3, axis=0) + 0.01 * random.normal(size=target.shape)
    target[:RATE] = 0
    rest[RATE : 2 * RATE] = 0
    estimate[2 * RATE : 3 * RATE] = 0
    return target, rest, estimate


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("window", "hop"), [(RATE, RATE), (RATE, RATE // 2), (RATE // 2, RATE)])
def test_scores_are_musevals(channels: int, window: int, hop: int) -> None:
    target, rest, estimate = waves(channels)
    found = score_frames(target, rest, estimate, window, hop)
    sdr, isr, sir, sar = museval.evaluate(
        np.stack([target, rest]), np.stack([estimate, estimate]), win=window, hop=hop, mode="v4"
    )
    for metric, theirs in zip(METRICS, (sdr[0], isr[0], sir[0], sar[0]), strict=True):
        np.testing.assert_array_equal(found[metric], np.where(np.isfinite(theirs), theirs, np.nan))
    assert len(found["SDR"]) == len(frame_starts(len(target), window, hop))


def test_scores_do_not_depend_on_the_other_estimate() -> None:
    target, rest, estimate = waves(1)
    found = score_frames(target, rest, estimate, RATE, RATE)
    sdr, *_ = museval.evaluate(np.stack([target, rest]), np.stack([estimate, rest]), win=RATE, hop=RATE)
    np.testing.assert_array_equal(found["SDR"], sdr[0])


def test_a_song_shorter_than_the_window_is_one_frame() -> None:
    target, rest, estimate = (wave[-2000:] for wave in waves(1))
    found = score_frames(target, rest, estimate, RATE, RATE)
    assert [len(found[metric]) for metric in METRICS] == [1] * 4
    assert len(drop_reasons(target, rest, estimate, RATE, RATE)) == 1


@pytest.mark.parametrize("channels", [1, 2])
def test_reasons_are_the_frames_without_scores(channels: int) -> None:
    target, rest, estimate = waves(channels)
    reasons = drop_reasons(target, rest, estimate, RATE, RATE)
    assert list(reasons) == ["silent target", "silent accompaniment", "silent estimate", ""]
    scores = score_frames(target, rest, estimate, RATE, RATE)
    for metric in METRICS:
        np.testing.assert_array_equal(np.isnan(scores[metric]), reasons != "")


def test_channels_that_cancel_count_as_silence() -> None:
    """As in museval: silence is a zero sum over channels."""
    target, rest, estimate = waves(2)
    estimate[3 * RATE : 4 * RATE, 1] = -estimate[3 * RATE : 4 * RATE, 0]
    scores = score_frames(target, rest, estimate, RATE, RATE)
    reasons = drop_reasons(target, rest, estimate, RATE, RATE)
    assert np.isnan(scores["SDR"][3])
    assert reasons[3] == "silent estimate"


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
