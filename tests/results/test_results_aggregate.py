"""Aggregation, common frames, intervals and AUC against plain loops and definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.results import activity_scores, aggregate, intervals
from reprosep.results.aggregate import METRICS

PAIRS = [("a", "none"), ("a", "median"), ("b", "none")]


@pytest.fixture(scope="module")
def settings() -> Params:
    content = read_yaml(repository() / "params.yaml")
    return parse(merge(content, {"statistics": {"bootstrap": 1000}}))


def make_frames(seeds: tuple[int, ...] = (1,), songs: int = 5, frames: int = 9) -> pd.DataFrame:
    """Random scores of three (system, variant) pairs with NaN in a third of the frames."""
    random = np.random.default_rng(7)
    rows = []
    for system, variant in PAIRS:
        for seed in seeds:
            for song in range(songs):
                for frame in range(frames):
                    values = np.full(len(METRICS), np.nan)
                    if random.random() > 0.3:
                        values = random.normal(size=len(METRICS))
                    names = (f"{system}_{seed}", "c", "t", system, variant, seed, f"song {song}", frame, "", False)
                    rows.append((*names, *values))
    keys = ["run", "corpus", "target", "system", "variant", "seed", "song", "frame", "dropped", "ill_posed"]
    return pd.DataFrame(rows, columns=[*keys, *METRICS])


def in_loops(frames: pd.DataFrame, pair: tuple[str, str], metric: str) -> list[float]:
    """The score of every song, written out: median over frames, mean over seeds."""
    rows = frames[(frames["system"] == pair[0]) & (frames["variant"] == pair[1])]
    scores = []
    for song in sorted(rows["song"].unique()):
        of_song = rows[rows["song"] == song]
        scores.append(float(np.mean([np.nanmedian(group[metric]) for _, group in of_song.groupby("seed")])))
    return scores


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
@pytest.mark.parametrize("pair", PAIRS)
def test_aggregation_equals_plain_loops(settings: Params, seeds: tuple[int, ...], pair: tuple[str, str]) -> None:
    frames = make_frames(seeds)
    songs = aggregate.pair_songs(aggregate.song_scores(frames), pair)
    cells = {}
    for metric in METRICS:
        np.testing.assert_allclose(songs[metric], in_loops(frames, pair, metric), rtol=1e-12)
        cells[metric] = aggregate.summarise(settings, songs, metric).value
        assert cells[metric] == pytest.approx(np.median(in_loops(frames, pair, metric)), abs=1e-12)
    average = aggregate.summarise(settings, songs, "Avg").value
    assert average == pytest.approx((cells["SDR"] + cells["SIR"] + cells["SAR"]) / 3, abs=1e-12)


def test_average_of_a_song_is_the_mean_of_its_three_medians() -> None:
    songs = aggregate.song_scores(make_frames())
    rows = aggregate.pair_songs(songs, PAIRS[0])
    by_song = aggregate.per_song(songs, PAIRS[0], "Avg")
    np.testing.assert_allclose(by_song, (rows["SDR"] + rows["SIR"] + rows["SAR"]) / 3)


def test_common_frames_are_those_finite_in_everything_compared() -> None:
    frames = make_frames(seeds=(1, 2))
    frames.loc[3, "SIR"] = np.inf
    masked = aggregate.on_common_frames(frames)
    for metric in METRICS:
        for _, group in frames.groupby(["song", "frame"]):
            expected = group[metric] if np.isfinite(group[metric]).all() else group[metric] * np.nan
            np.testing.assert_array_equal(masked.loc[group.index, metric], expected)


def test_a_frame_that_one_run_lacks_is_not_common() -> None:
    frames = make_frames().fillna(1.0).drop(index=0)
    masked = aggregate.on_common_frames(frames)
    missing = (masked["song"] == "song 0") & (masked["frame"] == 0)
    assert masked.loc[missing, "SDR"].isna().all() and masked.loc[~missing, "SDR"].notna().all()


def test_songs_without_a_score_are_left_out_and_counted(settings: Params) -> None:
    frames = make_frames()
    scored = frames[frames["song"] != "song 2"]
    frames.loc[frames["song"] == "song 2", list(METRICS)] = np.nan
    songs = aggregate.pair_songs(aggregate.song_scores(frames), PAIRS[0])
    summary = aggregate.summarise(settings, songs, "SDR")
    assert (summary.songs, summary.silent_songs) == (4, 1)
    assert summary.value == pytest.approx(np.median(in_loops(scored, PAIRS[0], "SDR")))


@pytest.mark.filterwarnings("ignore:All-NaN")
def test_nothing_scored_is_blank(settings: Params) -> None:
    frames = make_frames()
    frames[list(METRICS)] = np.nan
    songs = aggregate.pair_songs(aggregate.song_scores(frames), PAIRS[0])
    summary = aggregate.summarise(settings, songs, "Avg")
    assert summary.songs == 0 and np.isnan([summary.value, summary.low, summary.high]).all()


def test_interval_agrees_with_scipy(settings: Params) -> None:
    values = np.random.default_rng(0).normal(3, 2, size=(1, 30))
    low, high = intervals.median_interval(settings, values)
    expected = stats.bootstrap(
        values, np.median, method="percentile", n_resamples=1000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert low == pytest.approx(expected.low, abs=0.25) and high == pytest.approx(expected.high, abs=0.25)
    assert low <= np.median(values) <= high


def test_no_interval_below_three_songs(settings: Params) -> None:
    assert np.isnan(intervals.median_interval(settings, np.ones((1, 2)))).all()
    assert intervals.median_interval(settings, np.ones((3, 3))) == (1.0, 1.0)


def test_a_foreign_score_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "scores").mkdir()
    write_table(tmp_path / "scores" / "c_t_ibm.parquet", pd.DataFrame({"song": ["x"]}))
    with pytest.raises(UserError, match="no column 'run'"):
        aggregate.Scores(tmp_path, [Run("c", "t", "ibm", None)])
    (tmp_path / "scores" / "c_t_ibm.parquet").write_text("text")
    with pytest.raises(UserError, match="it carries no checksum"):
        aggregate.Scores(tmp_path, [Run("c", "t", "ibm", None)])


def make_activity(songs: int = 5, frames: int = 60) -> pd.DataFrame:
    """Predicted activity, with ties, of songs with different shares of active frames."""
    random = np.random.default_rng(3)
    label = random.random((songs, frames)) < np.linspace(0.1, 0.9, songs)[:, np.newaxis]
    probability = np.round(np.clip(label * 0.2 + random.random((songs, frames)) * 0.8, 0, 1), 2)
    table = pd.DataFrame({"label": label.ravel(), "probability": probability.ravel()})
    table["song"] = np.repeat([f"song {i}" for i in range(songs)], frames)
    return table.assign(time=np.tile(np.arange(frames) / 10, songs))


def test_ranked_pairs_give_the_auc_of_any_resample(settings: Params) -> None:
    table = make_activity()
    songs = sorted(table["song"].unique())
    drawn = intervals.resample(settings, len(songs))[:20]
    times = np.array([np.bincount(row, minlength=len(songs)) for row in drawn], dtype=float)
    fast = activity_scores.auc_of_draws(table, songs, times)
    for row, value in zip(drawn, fast, strict=True):
        pooled = pd.concat([table[table["song"] == songs[index]] for index in row])
        assert value == pytest.approx(roc_auc_score(pooled["label"], pooled["probability"]), abs=1e-12)


def test_seconds_take_the_median_or_the_maximum() -> None:
    table = pd.DataFrame({"song": ["x"] * 6, "time": [0.0, 0.4, 0.8, 1.0, 1.4, 1.8]})
    table["probability"], table["label"] = [0.1, 0.2, 0.9, 0.3, 0.3, 0.8], [False, False, True, True, True, False]
    median = activity_scores.at_resolution(table, "per second, median")
    assert median["probability"].tolist() == [0.2, 0.3] and median["label"].tolist() == [False, True]
    highest = activity_scores.at_resolution(table, "per second, maximum")
    assert highest["probability"].tolist() == [0.9, 0.8] and highest["label"].tolist() == [True, True]


def test_one_class_only_has_no_auc(settings: Params) -> None:
    summary = activity_scores.detection(settings, [make_activity().assign(label=True)], "per frame")
    assert np.isnan([summary.value, summary.low]).all()


def test_activation_rate_counts_training_stems_of_the_target(tmp_path: Path) -> None:
    rows = [
        ("a", "train", "piano", 30),
        ("b", "train", "piano", 10),
        ("c", "test", "piano", 100),
        ("a", "train", "bass", 90),
    ]
    table = pd.DataFrame(rows, columns=["song", "split", "target", "active_frames"]).assign(frames=100, stem="s")
    (tmp_path / "mm" / "activity").mkdir(parents=True)
    write_table(tmp_path / "mm" / "activity" / "index.parquet", table)
    assert activity_scores.activation_rate(tmp_path, "mm", "piano").value == pytest.approx(0.2)
    assert np.isnan(activity_scores.activation_rate(tmp_path, "mm", "drums").value)
