"""Which method is better: paired differences between every two methods, over songs.

Conventions
-----------
A song's score is the median over its scored frames, as in :mod:`.summary`. The difference of a pair is *first* minus
*second* in dB, so that above 0 the first is better, over the songs in which both have a score. It is computed on two
kinds of frames: each method's *own*, and those *common* to the pair. They differ where one method has no score, as in
frames that it estimates as silence: what it leaves out may be what is difficult.

The tests
---------
The Wilcoxon signed-rank test is two-sided, from six songs on. Holm's adjustment holds for all pairs and targets of one
metric on one kind of frames: what is read as one table. Metrics are correlated views of the same estimates, and the
common frames a check of the own ones, so neither adds to the number of questions; whoever looks for the smallest
p-value among all metrics has to adjust for that too.

References
----------
Wilcoxon: Individual comparisons by ranking methods. Biometrics Bulletin, 1945.
Holm 1979: :mod:`reprosep.results.multiplicity`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reprosep.results.intervals import Resampling, Values, median_interval
from reprosep.results.multiplicity import holm
from reprosep.results.paired_tests import signed_rank
from reprosep.tools.evaluation.summary import common_frames, song_medians

OWN, COMMON = "own", "common"
_KEYS = ["target", "metric", "frames", "first", "second"]
_EFFECT = ["median", "low", "high", "mean", "p", "p_holm", "win_rate"]
_COUNTS = ["songs", "songs_first", "songs_second", "frames_first", "frames_second", "frames_both"]
COLUMNS = [*_KEYS, *_EFFECT, *_COUNTS]


def compare(
    scores: pd.DataFrame, methods: Sequence[str], metrics: tuple[str, ...], resampling: Resampling
) -> pd.DataFrame:
    """Differences between every two of `methods`, in the order given: one row per target, metric, frames and pair.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`COLUMNS`: `median` over songs, its interval `low` to `high`, and `mean`, in dB; raw and Holm's
        `p`; `win_rate`, the share of songs in which the first is better, ties counting half; `songs` compared, songs
        with a score by either, and, in the songs compared, frames with a score by either and by both. Without a song
        in common the effect is NaN. A target of which only one method has estimates has no row.
    """
    rows = []
    for target in scores["target"].unique():
        mine = scores[scores["target"] == target]
        estimating = [method for method in methods if (mine["method"] == method).any()]
        for pair in itertools.combinations(estimating, 2):
            rows += [{"target": target, **row} for row in _pair_rows(mine, pair, metrics, resampling)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_holm"] = table["p"].astype(float)
    for _, family in table.groupby(["metric", "frames"]):
        table.loc[family.index, "p_holm"] = holm(family["p"].to_list())
    order = {metric: place for place, metric in enumerate(metrics)}
    return table.sort_values("metric", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _pair_rows(
    scores: pd.DataFrame, pair: tuple[str, str], metrics: tuple[str, ...], resampling: Resampling
) -> list[dict[str, Any]]:
    both = scores[scores["method"].isin(pair)]
    rows = []
    for metric, (frames, table) in itertools.product(metrics, ((OWN, both), (COMMON, common_frames(both, metrics)))):
        songs = song_medians(table, (metric,))[metric].droplevel("target").unstack("method")[list(pair)]
        compared = songs.dropna()
        rows.append(
            {"metric": metric, "frames": frames, "first": pair[0], "second": pair[1]}
            | _effect(differences(compared[pair[0]].to_numpy(), compared[pair[1]].to_numpy()), resampling)
            | {"songs": len(compared), "songs_first": songs[pair[0]].count(), "songs_second": songs[pair[1]].count()}
            | _frame_counts(table[table["song"].isin(compared.index)], pair, metric)
        )
    return rows


def differences(first: Values, second: Values) -> Values:
    """First minus second, songs in order; two infinite scores are equal."""
    with np.errstate(invalid="ignore"):
        return np.where(first == second, 0.0, first - second)


def win_rate(paired: Values) -> float:
    """Share of differences above 0, those of exactly 0 counting half; NaN for none."""
    return float(((paired > 0) + 0.5 * (paired == 0)).mean()) if len(paired) else float("nan")


@np.errstate(invalid="ignore")  # of infinite differences
def _effect(paired: Values, resampling: Resampling) -> dict[str, float]:
    low, high = median_interval(resampling, paired[np.newaxis])
    return {
        "median": float(np.median(paired)) if len(paired) else np.nan,
        "low": low,
        "high": high,
        "mean": float(paired.mean()) if len(paired) else np.nan,
        "p": signed_rank(paired),
        "win_rate": win_rate(paired),
    }


def _frame_counts(scores: pd.DataFrame, pair: tuple[str, str], metric: str) -> dict[str, int]:
    """Frames in which either method has a score, and both."""
    scored = scores[scores[metric].notna()]
    first, second = (
        {(song, frame) for song, frame in zip(mine["song"], mine["frame"], strict=True)}
        for mine in (scored[scored["method"] == method] for method in pair)
    )
    return {"frames_first": len(first), "frames_second": len(second), "frames_both": len(first & second)}


def same_frames(row: dict[Any, Any]) -> bool:
    """Whether both methods are scored in the same frames of the songs compared."""
    return bool(row["frames_first"] == row["frames_second"] == row["frames_both"])


def main_rows(comparison: pd.DataFrame) -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
    """The rows of the first metric: every pair and target on own frames, beside the same on common frames."""
    main = comparison[comparison["metric"] == comparison["metric"].iloc[0]] if len(comparison) else comparison
    own, common = (main[main["frames"] == frames].to_dict("records") for frames in (OWN, COMMON))
    return list(zip(own, common, strict=True))
