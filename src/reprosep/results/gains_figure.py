"""By how much one variant of a system is better than another, target by target (Figure 5 of the IASS paper)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reprosep.papers.content import Figure as PaperFigure
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores, Summary, metrics_of, pair_songs
from reprosep.results.figure_kind import FigureKind, ShownFigure
from reprosep.results.figure_style import GREY, ORANGE, SKY
from reprosep.results.grouped_bars import grouped_bars
from reprosep.results.intervals import FEWEST_SONGS, NO_INTERVAL, Values, median, median_resamples, percentile_interval
from reprosep.results.tidy import TidyRows, tidy_row

_USUAL = "Avg"  # the metric of a figure that binds none


def gain_rows(params: Params, scores: Scores, runs: dict[str, list[Run]], figure: PaperFigure) -> TidyRows:
    """Gains in dB per target, bar and metric (Figure 5): difference of two cells, songs drawn jointly."""
    first = figure.bind.metric or _USUAL
    rows = []
    for target, group in runs.items():
        run = group[0]
        for metric in (first, *figure.also):
            for bar in figure.bars:
                pairs = [(run.system, bar.better), (run.system, bar.than)]
                songs = scores.songs(run.corpus, target, pairs, common=False)
                sides = [pair_songs(songs, pair)[metrics_of(metric)] for pair in pairs]
                together = sides[0].join(sides[1], how="outer", lsuffix=" better", rsuffix=" than").sort_index()
                column = bar.label if metric == first else f"{bar.label}, {metric}"
                summary = _gain(params, together, metric)
                rows.append(tidy_row(target, column, metric, None, summary, params.corpora[run.corpus].title))
    return rows


def _gain(params: Params, together: Any, metric: str) -> Summary:
    better, than = (
        together[[f"{name} {side}" for name in metrics_of(metric)]].to_numpy(dtype=float).T
        for side in ("better", "than")
    )
    kept = ~np.isnan(np.concatenate([better, than])).all(axis=0)
    better, than = better[:, kept], than[:, kept]
    scored = int((~np.isnan(np.concatenate([better, than]))).all(axis=0).sum())
    if not kept.any():
        return Summary(float("nan"), *NO_INTERVAL, 0, len(together))
    value = float(np.mean(median(better) - median(than)))
    low, high = _paired_interval(params, better, than) if scored >= FEWEST_SONGS else NO_INTERVAL
    return Summary(value, low, high, scored, len(together) - scored)


def _paired_interval(params: Params, better: Values, than: Values) -> tuple[float, float]:
    gains = median_resamples(params, better) - median_resamples(params, than)
    return percentile_interval(params, gains.mean(axis=0))


def _rows(shown: ShownFigure) -> TidyRows:
    scores = Scores(shown.results, [run for group in shown.runs.values() for run in group])
    return gain_rows(shown.params, scores, shown.runs, shown.figure)


def draw_gains(rows: TidyRows) -> Figure:
    """Bars of the gain in dB per target (Figure 5)."""
    looks: dict[str, dict[str, Any]] = {}
    appearances = [{"color": ORANGE}, {"color": GREY, "hatch": "////"}, {"color": SKY, "hatch": "...."}]
    for row in rows:
        if row["column"] not in looks:
            looks[row["column"]] = {**appearances[len(looks) % len(appearances)], "label": row["column"]}
    figure = grouped_bars(rows, looks, label_missing="no score")
    axes = figure.axes[0]
    axes.set_ylabel("increase of the average score (dB)")
    axes.axhline(0, color="#333333", linewidth=0.9)
    return figure


def _draw(shown: ShownFigure, rows: TidyRows) -> Figure:
    first = shown.figure.bind.metric or _USUAL
    return draw_gains([row for row in rows if row["metric"] == first])


GAINS = FigureKind(rows=_rows, draw=_draw, of_runs=True, unit=", in dB")
