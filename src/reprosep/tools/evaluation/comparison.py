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
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reprosep.results.aggregate import row_medians
from reprosep.results.intervals import Resampling, Values, median_interval
from reprosep.results.multiplicity import holm
from reprosep.results.paired_tests import signed_rank

OWN, COMMON = "own", "common"
_KEYS = ["target", "metric", "frames", "first", "second"]
_EFFECT = ["median", "low", "high", "mean", "p", "p_holm", "win_rate"]
_COUNTS = ["songs", "songs_first", "songs_second", "frames_first", "frames_second", "frames_both"]
COLUMNS = [*_KEYS, *_EFFECT, *_COUNTS]


def compare(
    scores: pd.DataFrame,
    methods: Sequence[str],
    metrics: tuple[str, ...],
    resampling: Resampling,
    own: Collection[str] = (),
) -> pd.DataFrame:
    """Differences between every two of `methods`, in the order given: one row per target, metric, frames and pair.

    Parameters
    ----------
    own: methods of which one is in every pair; all pairs where none is named.

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
        frames = _Frames.of(scores[scores["target"] == target], methods, metrics)
        for pair in itertools.combinations(frames.values, 2):
            if not own or not set(own).isdisjoint(pair):
                rows += [{"target": target, **row} for row in _pair_rows(frames, pair, resampling)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_holm"] = table["p"].astype(float)
    for _, family in table.groupby(["metric", "frames"]):
        table.loc[family.index, "p_holm"] = holm(family["p"].to_list())
    order = {metric: place for place, metric in enumerate(metrics)}
    return table.sort_values("metric", key=lambda names: names.map(order), kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Frames:
    """Scores of a target by method in dB, ``(metric, song, frame)``, NaN where there is none, and medians over frames
    ``(metric, song)``."""

    metrics: tuple[str, ...]
    values: dict[str, Values]
    medians: dict[str, Values]

    @classmethod
    def of(cls, scores: pd.DataFrame, methods: Sequence[str], metrics: tuple[str, ...]) -> _Frames:
        """Those of the methods that have some."""
        song, songs = pd.factorize(scores["song"], sort=True)
        frame, frames = pd.factorize(scores["frame"])
        values = {}
        for method in methods:
            mine = (scores["method"] == method).to_numpy(dtype=bool)
            if mine.any():
                values[method] = np.full((len(metrics), len(songs), len(frames)), np.nan)
                values[method][:, song[mine], frame[mine]] = scores.loc[mine, list(metrics)].to_numpy(dtype=float).T
        return cls(metrics, values, {method: row_medians(one) for method, one in values.items()})


def _pair_rows(frames: _Frames, pair: tuple[str, str], resampling: Resampling) -> list[dict[str, Any]]:
    scored = [~np.isnan(frames.values[method]) for method in pair]
    both = scored[0] & scored[1]
    on_common = [row_medians(np.where(both, frames.values[method], np.nan)) for method in pair]
    ways = ((OWN, [frames.medians[method] for method in pair], scored), (COMMON, on_common, [both, both]))
    rows = []
    for place, metric in enumerate(frames.metrics):
        for name, medians, counted in ways:
            first, second = medians[0][place], medians[1][place]
            compared = ~np.isnan(first) & ~np.isnan(second)
            counts = [int(one[place, compared].sum()) for one in (*counted, both)]
            rows.append(
                {"metric": metric, "frames": name, "first": pair[0], "second": pair[1]}
                | _effect(differences(first[compared], second[compared]), resampling)
                | {"songs": int(compared.sum())}
                | {"songs_first": int((~np.isnan(first)).sum()), "songs_second": int((~np.isnan(second)).sum())}
                | dict(zip(("frames_first", "frames_second", "frames_both"), counts, strict=True))
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


def same_frames(row: dict[Any, Any]) -> bool:
    """Whether both methods are scored in the same frames of the songs compared."""
    return bool(row["frames_first"] == row["frames_second"] == row["frames_both"])


def main_rows(comparison: pd.DataFrame) -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
    """The rows of the first metric: every pair and target on own frames, beside the same on common frames."""
    main = comparison[comparison["metric"] == comparison["metric"].iloc[0]] if len(comparison) else comparison
    own, common = (main[main["frames"] == frames].to_dict("records") for frames in (OWN, COMMON))
    return list(zip(own, common, strict=True))
