"""One number per method, target and metric: over frames, then over songs.

A song's score is the median over its scored frames; a target's is the median over songs with its bootstrap interval,
and, beside it, their mean and standard deviation. With several methods there is a second table on *common frames*:
those with a score in all methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from reprosep.params.work import Statistics
from reprosep.results.intervals import Resampling, median_interval

_NAMES = 10  # letters of the methods' names that stay in a line on a narrow terminal
DENSE: dict[str, Any] = {"collapse_padding": True, "pad_edge": False}
"""Of a table that has to hold names and numbers in eighty columns."""


@dataclass(frozen=True)
class Bootstrap:
    """Seed and settings of the intervals."""

    seed: int = 42
    statistics: Statistics = field(default_factory=lambda: Statistics(confidence=0.95, bootstrap=2000, alpha=0.05))


def song_medians(scores: pd.DataFrame, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Median over the scored frames of every song: index (method, target, song), one column per metric."""
    return scores.groupby(["method", "target", "song"], sort=False)[list(metrics)].median()


def common_frames(scores: pd.DataFrame, metrics: tuple[str, ...]) -> pd.DataFrame:
    """`scores` with NaN, metric by metric, where any method lacks a score of that song, target and frame."""
    compared = scores["method"].nunique()
    counts = scores.groupby(["target", "song", "frame"])[list(metrics)].transform("count")
    return scores.assign(**{metric: scores[metric].where(counts[metric] == compared) for metric in metrics})


@np.errstate(invalid="ignore")  # of infinite scores, which SI-SDR has: NaN is their standard deviation
def summarise(
    scores: pd.DataFrame,
    metrics: tuple[str, ...],
    resampling: Resampling,
    without: Callable[[str, str], int] = lambda method, target: 0,
) -> pd.DataFrame:
    """Columns method, target, metric, median, low, high, mean, std (dB), songs, songs_left_out, frames, dropped.

    Parameters
    ----------
    without: method and target -> songs that have no estimate.
    """
    songs, rows = song_medians(scores, metrics), []
    for names, values in songs.groupby(level=["method", "target"], sort=False):
        method, target = map(str, names)
        mine = scores[(scores["method"] == method) & (scores["target"] == target)]
        for metric in metrics:
            medians = values[metric].dropna().to_numpy()
            low, high = median_interval(resampling, medians[None])
            rows.append(
                {
                    "method": method,
                    "target": target,
                    "metric": metric,
                    "median": np.median(medians) if len(medians) else np.nan,
                    "low": low,
                    "high": high,
                    "mean": medians.mean() if len(medians) else np.nan,
                    "std": medians.std(ddof=1) if len(medians) > 1 else np.nan,
                    "songs": len(medians),
                    "songs_left_out": without(method, target),
                    "frames": int(mine[metric].notna().sum()),
                    "dropped": int(mine[metric].isna().sum()),
                }
            )
    return pd.DataFrame(rows)


def printed(summary: pd.DataFrame, title: str) -> Table:
    """A table for the terminal: medians with intervals, one column per metric."""
    several = summary["method"].nunique() > 1
    table = Table(title=title, title_justify="left", caption_justify="left", **(DENSE if several else {}))
    if several:
        table.add_column("method", overflow="fold", min_width=_NAMES)
    table.add_column("target", min_width=summary["target"].str.len().max())
    for metric in summary["metric"].unique():  # on a narrow terminal intervals break before names vanish
        table.add_column(f"{metric} (dB)", justify="right")
    table.add_column("songs", justify="right", no_wrap=True)
    table.add_column("dropped" if several else "frames dropped", justify="right")
    for (method, target), rows in summary.groupby(["method", "target"], sort=False):
        cells = [_cell(row) for row in rows.to_dict("records")]
        names = [str(method), str(target)] if several else [str(target)]
        table.add_row(*names, *cells, _songs(rows), str(rows["dropped"].max()))
    return table


def _songs(rows: pd.DataFrame) -> str:
    """Songs with a score, and of how many where some have no estimate."""
    count, left_out = rows["songs"].max(), rows["songs_left_out"].max()
    return f"{count} of {count + left_out}" if left_out else str(count)


def _cell(row: dict[Any, Any]) -> str:
    if not row["songs"]:
        return "no score"
    interval = "" if np.isnan(row["low"]) else f"\n[{row['low']:.2f}, {row['high']:.2f}]"
    return f"{row['median']:.2f}{interval}"
