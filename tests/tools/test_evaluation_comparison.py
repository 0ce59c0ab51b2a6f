"""Differences between methods in `reprosep evaluate`: against scipy and by hand, on both kinds of frames, and drawn."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from conftest import Answer
from reprosep.results.figure_style import style, svg
from reprosep.results.intervals import median_interval
from reprosep.results.multiplicity import holm
from reprosep.tools.evaluation.comparison import COLUMNS, compare, differences, main_rows, same_frames, win_rate
from reprosep.tools.evaluation.comparison_figure import draw_comparison
from reprosep.tools.evaluation.comparison_table import printed_comparison
from reprosep.tools.evaluation.song import COLUMNS as METRICS
from reprosep.tools.evaluation.summary import Bootstrap
from scores import mixed_estimates, stems
from synthetic import write_wave

RATE = 8000
Command = Callable[..., Answer]


def scores(songs: int = 8, methods: tuple[str, ...] = ("a", "b", "c"), frames: int = 3) -> pd.DataFrame:
    """SDR and SIR of two targets, the later methods better."""
    random = np.random.default_rng(0)
    rows = itertools.product(enumerate(methods), ("vocals", "bass"), range(songs), range(frames))
    return pd.DataFrame(
        [
            {
                "method": method,
                "target": target,
                "song": f"Song {song}",
                "frame": frame,
                "SDR": place + song + random.normal(),
                "SIR": random.normal(),
            }
            for (place, method), target, song, frame in rows
        ]
    )


def compared(table: pd.DataFrame, *metrics: str) -> pd.DataFrame:
    methods = list(table["method"].unique())
    return compare(table, methods, metrics or ("SDR", "SIR"), Bootstrap())


def row(table: pd.DataFrame, first: str = "a", second: str = "b", **keys: str) -> pd.Series:
    wanted = {"target": "vocals", "metric": "SDR", "frames": "own", "first": first, "second": second, **keys}
    (found,) = table[np.logical_and.reduce([table[key] == value for key, value in wanted.items()])].to_dict("records")
    return pd.Series(found)


def medians(table: pd.DataFrame, method: str, target: str = "vocals") -> pd.Series:
    return table[(table["method"] == method) & (table["target"] == target)].groupby("song")["SDR"].median()


# ---- numbers -----------------------------------------------------------------------------------------------------


def test_an_effect_is_that_of_scipy_and_the_interval_that_of_the_project() -> None:
    table = scores()
    paired = (medians(table, "a") - medians(table, "b")).to_numpy()
    found = row(compared(table))
    assert found["median"] == np.median(paired)
    assert found["mean"] == pytest.approx(paired.mean())
    assert (found["low"], found["high"]) == median_interval(Bootstrap(), paired[None])
    assert found["p"] == stats.wilcoxon(medians(table, "a"), medians(table, "b")).pvalue
    assert found["win_rate"] == (paired > 0).mean()
    assert found["songs"] == 8


def test_holm_is_over_all_pairs_and_targets_of_a_metric() -> None:
    found = compared(scores())
    assert list(found.columns) == COLUMNS
    assert len(found) == 3 * 2 * 2 * 2  # pairs, targets, metrics, frames
    for _, family in found.groupby(["metric", "frames"]):
        assert len(family) == 6
        np.testing.assert_array_equal(family["p_holm"], holm(list(family["p"])))
    smallest = found[found["metric"] == "SDR"]["p"].min()
    assert found[found["metric"] == "SDR"]["p_holm"].min() == pytest.approx(6 * smallest)


def test_ties_count_half() -> None:
    assert win_rate(np.array([1.0, 0.0, -1.0, 0.0])) == 0.5
    assert win_rate(np.array([2.0, 0.0])) == 0.75
    assert np.isnan(win_rate(np.array([])))


def test_equal_methods_win_half_and_have_no_p_value() -> None:
    table = scores(methods=("a",))
    found = row(compared(pd.concat([table, table.assign(method="b")])))
    assert (found["median"], found["win_rate"]) == (0, 0.5)
    assert np.isnan(found["p_holm"])


def test_two_perfect_scores_are_equal() -> None:
    found = differences(np.array([np.inf, 1.0, np.inf]), np.array([np.inf, 3.0, 2.0]))
    np.testing.assert_array_equal(found, [0, -2, np.inf])


def test_five_songs_have_no_p_value_and_two_no_interval() -> None:
    assert np.isnan(row(compared(scores(songs=5)))["p"])
    assert np.isfinite(row(compared(scores(songs=6)))["p"])
    few = row(compared(scores(songs=2)))
    assert np.isnan(few["low"])
    assert np.isfinite(few["median"])


# ---- what is compared --------------------------------------------------------------------------------------------


def test_songs_that_one_method_lacks_are_left_out() -> None:
    table = scores()
    table = table[~((table["method"] == "b") & (table["song"] == "Song 3"))]
    found = row(compared(table))
    paired = (medians(table, "a") - medians(table, "b")).dropna()
    assert (found["songs"], found["songs_first"], found["songs_second"]) == (7, 8, 7)
    assert found["median"] == paired.median()
    assert row(compared(table), second="c")["songs"] == 8


def test_common_frames_are_those_of_the_pair() -> None:
    table = scores()
    silent = (table["method"] == "b") & (table["song"] == "Song 1") & (table["frame"] == 0)
    table.loc[silent, "SDR"] = np.nan
    found = compared(table)
    own, common = row(found), row(found, frames="common")
    assert (own["frames_first"], own["frames_second"], own["frames_both"]) == (24, 23, 23)
    assert (common["frames_first"], common["frames_second"]) == (23, 23)
    assert not same_frames(dict(own))
    left = table[~((table["song"] == "Song 1") & (table["frame"] == 0))]
    assert common["mean"] == pytest.approx((medians(left, "a") - medians(left, "b")).mean())
    assert own["mean"] != common["mean"]
    third = row(found, second="c"), row(found, second="c", frames="common")
    assert third[0]["mean"] == third[1]["mean"]  # what a third method lacks does not matter
    assert same_frames(dict(third[0]))


def test_a_target_of_one_method_alone_is_not_compared() -> None:
    table = scores(methods=("a", "b"))
    table = table[~((table["method"] == "b") & (table["target"] == "bass"))]
    assert set(compared(table)["target"]) == {"vocals"}
    assert compared(table[table["method"] == "a"]).empty


def test_methods_without_a_song_in_common() -> None:
    table = scores(methods=("a", "b"))
    table = table[(table["method"] == "a") == (table["song"] < "Song 4")]
    found = row(compared(table))
    assert found["songs"] == 0
    assert np.isnan([found["median"], found["mean"], found["p_holm"], found["win_rate"]]).all()
    assert "no song of both" in shown(compared(table))


def test_pairs_are_in_the_order_given() -> None:
    found = compare(scores(), ["c", "a", "b"], ("SDR",), Bootstrap())
    pairs = list(dict.fromkeys(zip(found["first"], found["second"], strict=True)))
    assert pairs == [("c", "a"), ("c", "b"), ("a", "b")]
    assert row(found, first="c", second="a")["median"] > 0


# ---- shown -------------------------------------------------------------------------------------------------------


def shown(comparison: pd.DataFrame, width: int = 80) -> str:
    out = StringIO()
    Console(file=out, width=width).print(printed_comparison(comparison, 0.05))
    return out.getvalue()


def test_the_table_fits_a_narrow_terminal() -> None:
    names = {"a": "a-method-with-a-rather-long-name", "b": "open-unmix", "c": "demucs"}
    text = shown(compared(scores().replace({"method": names})))
    assert max(map(len, text.splitlines())) <= 80
    assert "demucs" in text
    assert "the same" in text
    assert "*" in shown(compared(scores(songs=12, frames=40)))


def test_every_effect_is_drawn() -> None:
    table = scores(songs=12, frames=20)
    silent = (table["method"] == "b") & (table["song"] == "Song 1") & (table["frame"] == 0)
    table.loc[silent, "SDR"] = np.nan
    comparison = compared(table)
    with style():
        figure = draw_comparison(comparison, 0.05)
        assert svg(figure) == svg(draw_comparison(comparison, 0.05))
    assert [axes.get_title("left") for axes in figure.axes] == ["vocals", "bass"]
    for axes in figure.axes:
        marks = [line for line in axes.lines if line.get_marker() in ("o", "D")]
        assert len(marks) == 3 + 2  # three pairs, of which two have other common frames
    lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() in ("o", "D")]
    filled = sum(line.get_markerfacecolor() != "white" for line in lines)
    drawn = [one for own, common in main_rows(comparison) for one in ((own,) if same_frames(own) else (own, common))]
    expected = [one["p_holm"] < 0.05 for one in drawn]
    assert filled == sum(expected) > 0


def test_a_picture_of_nothing_says_so() -> None:
    assert "two methods" in draw_comparison(compared(scores(methods=("a",))), 0.05).texts[0].get_text()


# ---- the command -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """References of seven songs and two methods; to be read, not changed."""
    root = tmp_path_factory.mktemp("methods")
    for number in range(7):
        references = stems(2, 1, 2 * RATE, number)
        better = mixed_estimates(references, number)
        worse = better + 0.02 * np.random.default_rng(number).normal(size=better.shape)
        for folder, signals in (("references", references), ("one", better), ("two", worse)):
            for target, samples in zip(("vocals", "bass"), signals, strict=True):
                write_wave(root / folder / f"Song {number}" / f"{target}.wav", samples, RATE)
    return root / "references", root / "one", root / "two"


@pytest.mark.parametrize("metric", list(METRICS))
def test_every_metric_is_compared(
    folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command, metric: str
) -> None:
    answer = reprosep("evaluate", *folders, "--output", tmp_path, "--metric", metric)
    assert answer.status == 0, answer.err
    comparison = pd.read_csv(tmp_path / "comparison.csv")
    assert list(dict.fromkeys(comparison["metric"])) == list(METRICS[metric])
    table = pd.read_parquet(tmp_path / "scores.parquet")
    column = METRICS[metric][0]
    songs = table.groupby(["method", "target", "song"])[column].median().unstack("method")
    paired = (songs["one"] - songs["two"])["bass"]
    found = row(comparison, "one", "two", metric=column, target="bass")
    assert found["median"] == pytest.approx(paired.median())
    assert found["p"] == pytest.approx(stats.wilcoxon(paired).pvalue)
    assert found["songs"] == 7
    assert f"{paired.median():+.2f}" in answer.out
    assert f"Which is better? {column}" in answer.out
    for suffix in ("svg", "png"):
        assert (tmp_path / f"comparison.{suffix}").stat().st_size > 5000


def test_a_single_method_is_not_compared(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    assert reprosep("evaluate", *folders[:2], "--output", tmp_path, "--metric", "usdr").status == 0
    assert not list(tmp_path.glob("comparison*"))


def test_methods_of_different_targets_are_told(
    folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    for name, target in (("voices", "vocals"), ("basses", "bass")):
        for song in folders[1].iterdir():
            (tmp_path / name / song.name).mkdir(parents=True)
            shutil.copy(song / f"{target}.wav", tmp_path / name / song.name)
    methods = tmp_path / "voices", tmp_path / "basses"
    answer = reprosep("evaluate", folders[0], *methods, "--output", tmp_path / "out", "--metric", "usdr")
    assert answer.status == 0, answer.err
    assert "nothing is compared" in caplog.text
    assert pd.read_csv(tmp_path / "out" / "comparison.csv").empty
