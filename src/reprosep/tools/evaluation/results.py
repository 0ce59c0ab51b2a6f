"""What an evaluation ends with: summaries, and with several methods comparison, ranks and pictures.

The same for methods that were scored here, for published scores beside them, and for folders of museval's files.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rich.table import Table

from reprosep.base.files import whole_file
from reprosep.results.figure_style import BLUE, GREY, ORANGE
from reprosep.results.intervals import Resampling
from reprosep.results.ranks import FEWEST_METHODS, Ranking, rank
from reprosep.tools.evaluation.comparison import compare
from reprosep.tools.evaluation.comparison_table import printed_comparison
from reprosep.tools.evaluation.standing import printed_standing
from reprosep.tools.evaluation.summary import common_frames, printed, song_medians, summarise

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Methods:
    """Names of methods in order: those to be judged, and published ones that they are beside; which are oracles."""

    own: list[str]
    published: list[str] = field(default_factory=list)
    oracles: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """Own ones first."""
        return [*self.own, *self.published]


def write_results(
    output: Path,
    scores: pd.DataFrame,
    methods: Methods,
    metrics: tuple[str, ...],
    resampling: Resampling,
    without: Callable[[str, str], int] = lambda method, target: 0,
) -> list[Table]:
    """Write ``summary.csv``, and of several methods ``summary-common-frames.csv``, ``comparison.csv``, ``ranks.csv``
    and the pictures ``comparison``, ``methods`` and ``ranks``.

    Parameters
    ----------
    without: method and target -> songs that have no estimate.

    Returns
    -------
    list
        Of tables for the terminal; published methods are not listed one by one.
    """
    printable = _summaries(output, scores, methods, metrics, resampling, without)
    if len(methods.all) < 2:
        return printable
    comparison = compare(scores, methods.all, metrics, resampling, methods.own if methods.published else ())
    write_csv(output / "comparison.csv", comparison)
    alpha = resampling.statistics.alpha
    rankings = _write_ranks(output, scores, methods, metrics[0], alpha)
    _draw(output, scores, methods, metrics[0], comparison, rankings, alpha)
    if comparison.empty:
        log.warning("no target has estimates of two methods, so that nothing is compared")
        return printable
    last = printed_standing(comparison, methods.own, alpha) if methods.published else None
    return [*printable, last or printed_comparison(comparison, alpha)]


def _summaries(
    output: Path,
    scores: pd.DataFrame,
    methods: Methods,
    metrics: tuple[str, ...],
    resampling: Resampling,
    without: Callable[[str, str], int],
) -> list[Table]:
    parts = {"": ("Median over songs of the median over frames", scores)}
    if len(methods.all) > 1:
        common = common_frames(scores, metrics)
        parts["-common-frames"] = ("The same on frames that all methods have a score in", common)
    tables = []
    for name, (title, part) in parts.items():
        summary = summarise(part, metrics, resampling, without)
        write_csv(output / f"summary{name}.csv", summary)
        if not (name and methods.published):  # what all of many methods have in common tells little
            tables.append(printed(summary[summary["method"].isin(methods.own)], title))
    return tables


def _write_ranks(output: Path, scores: pd.DataFrame, methods: Methods, metric: str, alpha: float) -> dict[str, Ranking]:
    """Target -> ranking of three methods or more in the first metric, oracles left out; written if there is one."""
    rankings = {
        target: rank(table, alpha)
        for target, table in by_target(scores, metric, [one for one in methods.all if one not in methods.oracles])
        if table.shape[1] >= FEWEST_METHODS
    }
    rows = [
        {"target": target, "method": method, "mean_rank": value, "songs": one.songs, "songs_left_out": one.left_out}
        | {"critical_difference": one.critical, "p_friedman": one.friedman}
        for target, one in rankings.items()
        for method, value in zip(one.methods, one.mean_ranks, strict=True)
    ]
    if rows:
        write_csv(output / "ranks.csv", pd.DataFrame(rows))
    return rankings


def by_target(scores: pd.DataFrame, metric: str, methods: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Target and scores (song, method) of the methods that have some."""
    medians = song_medians(scores, (metric,))[metric]
    tables = []
    for target in scores["target"].unique():
        table = medians.xs(target, level="target").unstack("method")
        tables.append((str(target), table[[method for method in methods if method in table]]))
    return tables


def _draw(
    output: Path,
    scores: pd.DataFrame,
    methods: Methods,
    metric: str,
    comparison: pd.DataFrame,
    rankings: dict[str, Ranking],
    alpha: float,
) -> None:
    # matplotlib only where something is drawn
    from reprosep.results.figure_style import save, style
    from reprosep.results.method_figures import draw_distributions, draw_ranks
    from reprosep.tools.evaluation.comparison_figure import draw_comparison

    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # names in writings that the font lacks: boxes, no fuss
        save(draw_comparison(comparison, alpha), output, "comparison")
        if rankings:
            looks = {method: _look(method, methods) for method in methods.all}
            save(draw_distributions(dict(by_target(scores, metric, methods.all)), looks, metric), output, "methods")
            save(draw_ranks(rankings, looks, alpha), output, "ranks")


def _look(method: str, methods: Methods) -> tuple[str, str]:
    if method in methods.own:
        return ORANGE if methods.published else BLUE, "yours"
    return (GREY, "oracles and mixture, published") if method in methods.oracles else (BLUE, "published")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table, whole or not at all."""
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False)
