"""The systems of a paper as methods to compare: their scores by song, and the figures that show many at once."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from reprosep.papers.run import Run
from reprosep.papers.system import PublishedSystem, System
from reprosep.results.aggregate import Scores, Summary
from reprosep.results.figure_kind import FigureKind, ShownFigure
from reprosep.results.figure_style import BLUE, GREEN, GREY, ORANGE
from reprosep.results.intervals import NO_INTERVAL
from reprosep.results.method_figures import Looks, draw_distributions, draw_pairs, draw_ranks, whiskers
from reprosep.results.ranks import Ranking, rank
from reprosep.results.tidy import TidyRows, tidy_row

QUARTILES = ("lower whisker", "lower quartile", "median", "upper quartile", "upper whisker")
MEAN_RANK, CRITICAL, FRIEDMAN = "mean rank", "critical difference (Nemenyi)", "p of no difference (Friedman)"
DIFFERENCE, ADJUSTED = "median difference", "p (signed ranks, Holm)"
_ALL = "all methods"


def scores_by_target(shown: ShownFigure, oracles: bool) -> dict[str, pd.DataFrame]:
    """Target -> scores (song, label of a system), of the figure's corpus, variant and metric."""
    systems, bind = shown.paper.systems, shown.figure.bind
    by_target = shown.runs
    scores = Scores(shown.results, {run for runs in by_target.values() for run in runs})
    tables = {}
    for target, runs in by_target.items():
        kept = [run for run in runs if oracles or not _is_oracle(systems[run.system])]
        if kept:
            tables[target] = _by_song(shown, scores, target, kept, str(bind.variant), str(bind.metric))
    return tables


def _by_song(
    shown: ShownFigure, scores: Scores, target: str, runs: list[Run], variant: str, metric: str
) -> pd.DataFrame:
    pairs = [(name, variant) for name in dict.fromkeys(run.system for run in runs)]
    cubes = scores.cubes(runs[0].corpus, target, pairs, [metric], common=False)
    values = {shown.paper.systems[name].label: cube.values for (name, _), cube in zip(pairs, cubes, strict=True)}
    return pd.DataFrame({label: cube[:, 0, 0].mean(axis=0) for label, cube in values.items()}, cubes[0].songs)


def _is_oracle(system: System) -> bool:
    return system.oracle if isinstance(system, PublishedSystem) else system.is_oracle


def looks_of(shown: ShownFigure) -> Looks:
    """Label of every system -> colour, and what it says of how the method was made."""
    return {system.label: _look(system) for system in shown.paper.systems.values()}


def _look(system: System) -> tuple[str, str]:
    if _is_oracle(system):
        return GREY, "oracles and mixture"
    if not isinstance(system, PublishedSystem) or (system.supervised and not system.added):
        return BLUE, "trained on the corpus"
    return (ORANGE, "trained on more") if system.supervised else (GREEN, "blind")


def _title(shown: ShownFigure) -> str:
    return shown.params.corpora[str(shown.figure.bind.corpus)].title


def _distribution_rows(shown: ShownFigure) -> TidyRows:
    metric, title = str(shown.figure.bind.metric), _title(shown)
    return [
        tidy_row(str(name), target, f"{metric}, {part}", None, Summary(value, *NO_INTERVAL, len(values), 0), title)
        for target, table in scores_by_target(shown, oracles=True).items()
        for name in table.columns
        if len(values := table[name].dropna())
        for part, value in zip(QUARTILES, whiskers(values.to_numpy(dtype=float)), strict=True)
    ]


def _draw_distributions(shown: ShownFigure, rows: TidyRows) -> Figure:
    return draw_distributions(scores_by_target(shown, oracles=True), looks_of(shown), str(shown.figure.bind.metric))


def _rankings(shown: ShownFigure) -> dict[str, Ranking]:
    alpha = shown.params.statistics.alpha
    return {target: rank(table, alpha) for target, table in scores_by_target(shown, oracles=False).items()}


def _rank_rows(shown: ShownFigure) -> TidyRows:
    rows: TidyRows = []
    for target, one in _rankings(shown).items():
        told = [*zip(one.methods, one.mean_ranks, [MEAN_RANK] * len(one.methods), strict=True)]
        told += [(_ALL, one.critical, CRITICAL), (_ALL, one.friedman, FRIEDMAN)]
        rows += [
            tidy_row(name, target, metric, None, Summary(value, *NO_INTERVAL, one.songs, one.left_out), _title(shown))
            for name, value, metric in told
        ]
    return rows


def _draw_ranks(shown: ShownFigure, rows: TidyRows) -> Figure:
    return draw_ranks(_rankings(shown), looks_of(shown), shown.params.statistics.alpha)


def _pair_rows(shown: ShownFigure) -> TidyRows:
    return [
        tidy_row(
            f"{pair.first} over {pair.second}",
            target,
            metric,
            None,
            Summary(value, *NO_INTERVAL, one.songs, one.left_out),
            _title(shown),
        )
        for target, one in _rankings(shown).items()
        for pair in one.pairs
        for metric, value in ((DIFFERENCE, pair.difference), (ADJUSTED, pair.p_adjusted))
    ]


def _draw_pairs(shown: ShownFigure, rows: TidyRows) -> Figure:
    return draw_pairs(_rankings(shown), shown.params.statistics.alpha)


DISTRIBUTIONS = FigureKind(
    rows=_distribution_rows, draw=_draw_distributions, of_runs=True, is_of_cells=False, heading="Method", unit=", in dB"
)
RANKS = FigureKind(rows=_rank_rows, draw=_draw_ranks, of_runs=True, heading="Method")
PAIRS = FigureKind(rows=_pair_rows, draw=_draw_pairs, of_runs=True, is_of_cells=False, heading="Pair")
