"""AUC of the predicted activity of every target, and how much of it plays (Figure 4 of the IASS paper)."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.params.data import Corpus
from reprosep.params.scale import Params
from reprosep.results import activity_scores
from reprosep.results.figure_kind import FigureKind, ShownFigure
from reprosep.results.figure_style import BLUE, GREEN, GREY, ORANGE, SKY
from reprosep.results.grouped_bars import grouped_bars
from reprosep.results.reads import gates_of
from reprosep.results.tidy import TidyRows, tidy_row

AUC, RATE = "AUC", "activation rate"


def activity_rows(params: Params, paper: Paper, results: Path, runs: dict[str, list[Run]], corpus: Corpus) -> TidyRows:
    """AUC at every resolution and the activation rate of every target (Figure 4), both from 0 to 1.

    Where a detector gates the system, its AUC stands beside, on the same seconds of the same songs and their labels.
    """
    rows = []
    for target, group in runs.items():
        tables = activity_scores.read_activity(results, group)
        others = [activity_scores.read_detector(params, results, run, target) for run in gates_of(params, paper, group)]
        for resolution in activity_scores.RESOLUTIONS:
            summary = activity_scores.detection(params, tables, resolution)
            if others and resolution == activity_scores.BY_SECOND:
                pairs = [activity_scores.on_same_seconds(*pair) for pair in zip(tables, others, strict=True)]
                summary, other = (activity_scores.pooled_auc(params, list(side)) for side in zip(*pairs, strict=True))
                rows.append(tidy_row(target, activity_scores.BY_DETECTOR, AUC, None, other, corpus.title))
            rows.append(tidy_row(target, resolution, AUC, None, summary, corpus.title))
        rate = activity_scores.activation_rate(results, group[0].corpus, target)
        rows.append(tidy_row(target, RATE, RATE, None, rate, corpus.title))
    return rows


def _rows(shown: ShownFigure) -> TidyRows:
    corpus = shown.params.corpora[str(shown.figure.bind.corpus)]
    return activity_rows(shown.params, shown.paper, shown.results, shown.runs, corpus)


def draw_activity(rows: TidyRows) -> Figure:
    """Bars of AUC per target and resolution, and the activation rate in grey."""
    looks = {
        activity_scores.BY_DETECTOR: {"color": ORANGE, "label": "AUC of the detector, per second"},
        activity_scores.BY_SECOND: {"color": BLUE, "label": "AUC per second (median)"},
        "per second, maximum": {"color": SKY, "hatch": "////", "label": "AUC per second (maximum)"},
        "per frame": {"color": GREEN, "hatch": "....", "label": "AUC per frame"},
        RATE: {"color": GREY, "label": "activation rate"},
    }
    shown = {column: look for column, look in looks.items() if any(row["column"] == column for row in rows)}
    figure = grouped_bars(rows, shown, label_missing="one class only")
    axes = figure.axes[0]
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("AUC, activation rate")
    axes.axhline(0.5, color="#444444", linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate("chance", (1, 0.5), (2, 0), ("axes fraction", "data"), "offset points", fontsize=7, va="center")
    return figure


ACTIVITY = FigureKind(
    rows=_rows,
    draw=lambda _, rows: draw_activity(rows),
    of_runs=True,
    decimals=3,
    unit=": area under the ROC curve and activation rate, both from 0 to 1. A dash: only one class occurs",
    is_open=True,
)
