"""Pictures of activity detectors: AUC per instrument, and what is confused with what.

Detectors with a longer input tell nothing of single seconds: their numbers are beside the others', and not drawn.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018): false negatives given a false positive.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from reprosep.audio.store import read_table
from reprosep.experiments.detectors.seconds import FOLDER
from reprosep.metrics.activity import confusions
from reprosep.papers.content import Figure as PaperFigure
from reprosep.papers.content import Paper
from reprosep.papers.system import DetectorSystem
from reprosep.params.scale import Params
from reprosep.results.aggregate import Summary
from reprosep.results.detection import Scale, instrument_auc, read_detections
from reprosep.results.figure_kind import FigureKind
from reprosep.results.figure_style import BLUE, GREEN, GREY, ORANGE, bars, empty_figure
from reprosep.results.intervals import NO_INTERVAL
from reprosep.results.reads import figure_detectors
from reprosep.results.target_names import readable
from reprosep.results.tidy import TidyRows, tidy_row

AUC, RATE, SHARE, FALSE_POSITIVES = "AUC", "activation rate", "share of false negatives", "false positives"
_SCALES: tuple[Scale, ...] = (1, 5, 10, "track")
_COLOURS = (GREEN, BLUE, ORANGE)


def instrument_rows(params: Params, paper: Paper, figure: PaperFigure, results: Path) -> TidyRows:
    """AUC of every instrument, detector and time scale, and the share of the training seconds in which it plays."""
    rows: TidyRows = []
    corpus = str(figure.bind.corpus)
    title, runs = params.corpora[corpus].title, figure_detectors(params, paper, figure)
    for name, system in paper.systems.items():
        detections = read_detections(results, [run for run in runs if run.system == name])
        for instrument in detections[0].instruments if detections else []:
            for scale in _SCALES:
                summary = instrument_auc(params, detections, instrument, scale)
                rows.append(tidy_row(instrument, column_of(system.label, scale), AUC, None, summary, title))
    rates = training_rates(results / corpus) if rows else {}
    known = dict.fromkeys(row["row"] for row in rows)
    return rows + [tidy_row(name, RATE, RATE, None, rates[name], title) for name in known]


def column_of(label: str, scale: Scale) -> str:
    """The column of a detector at a time scale."""
    return f"{label}, track" if scale == "track" else f"{label}, {scale} s"


def training_rates(folder: Path) -> dict[str, Summary]:
    """Share (0 to 1) of the training seconds in which each instrument plays."""
    split = read_table(folder / FOLDER / "index.parquet")[["song", "split"]]
    labels = read_table(folder / FOLDER / "labels.parquet").merge(split, on="song")
    train = labels[labels["split"] == "train"]
    rates, songs = train.drop(columns=["song", "second", "split"]).mean(), train["song"].nunique()
    return {str(name): Summary(float(rate), *NO_INTERVAL, songs, 0) for name, rate in rates.items()}


def with_longer_input(paper: Paper) -> list[str]:
    """The labels of the detectors that hear several seconds at once."""
    detectors = [system for system in paper.systems.values() if isinstance(system, DetectorSystem)]
    return [system.label for system in detectors if system.input_seconds]


def draw_instruments(rows: TidyRows, left_out: Collection[str] = ()) -> Figure:
    """A group of bars per instrument: AUC at 1 s by detector, and the activation rate in grey.

    Detectors whose labels are `left_out` are not drawn.
    """
    hidden = {column_of(label, 1) for label in left_out}
    shown = [row for row in rows if row["column"] == RATE or row["column"].endswith(", 1 s")]
    columns = [column for column in dict.fromkeys(row["column"] for row in shown) if column not in hidden]
    groups = list(dict.fromkeys(row["row"] for row in shown))
    if not groups:
        return empty_figure("Nothing to draw: no detector is computed at this scale.")
    figure = Figure(figsize=(max(5.0, 1.4 + 0.5 * len(groups)), 3.9), layout="constrained")
    axes = figure.subplots()
    width = 0.84 / len(columns)
    for number, column in enumerate(columns):
        cells = {row["row"]: row for row in shown if row["column"] == column}
        places = [place + (number - (len(columns) - 1) / 2) * width for place in range(len(groups))]
        values = [cells[group]["reproduced"] for group in groups]
        ends = [(cells[group]["ci_low"], cells[group]["ci_high"]) for group in groups]
        colour = GREY if column == RATE else _COLOURS[number % len(_COLOURS)]
        bars(axes, places, values, ends, width=width * 0.94, color=colour, label=column.removesuffix(", 1 s"))
        for place, value in zip(places, values, strict=True):
            if not np.isfinite(value):
                axes.text(place, 0.02, "one class only", rotation=90, fontsize=6, ha="center", va="bottom")
    axes.axhline(0.5, color="#444444", linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate("chance", (1, 0.5), (2, 0), ("axes fraction", "data"), "offset points", fontsize=7, va="center")
    axes.set_xticks(range(len(groups)), [readable(group) for group in groups], rotation=45, ha="right")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.set_ylim(0, 1.02)
    axes.grid(True, axis="y")
    axes.set_ylabel("AUC at 1 s, activation rate")
    figure.supxlabel(" ", fontsize=8)  # room for the note on stand-ins
    figure.legend(loc="outside upper center", ncols=len(columns), fontsize=8)
    return figure


def confusion_rows(params: Params, paper: Paper, figure: PaperFigure, results: Path) -> TidyRows:
    """Of every instrument: its false positives, and the distribution of the false negatives beside them.

    The clips of all seeds are counted together. A row without false negatives has no distribution.
    """
    needed = figure_detectors(params, paper, figure)
    detections = read_detections(results, needed)
    if not detections:
        return []
    names, threshold = detections[0].instruments, params.detection.threshold
    counts, positives = np.zeros((len(names), len(names)), np.int64), np.zeros(len(names), np.int64)
    for one in detections:
        labels, probabilities = one.together()
        counts += confusions(labels, probabilities > threshold)
        positives += ((probabilities > threshold) & ~labels).sum(axis=0)
    title, songs = params.corpora[needed[0].corpus].title, len(detections[0].songs)
    rows = []
    for name, row, count in zip(names, counts, positives, strict=True):
        total = row.sum()
        for other, value in zip(names, row, strict=True):
            share = value / total if total else float("nan")
            rows.append(tidy_row(name, other, SHARE, None, Summary(float(share), *NO_INTERVAL, songs, 0), title))
        rows.append(
            tidy_row(name, FALSE_POSITIVES, FALSE_POSITIVES, None, Summary(int(count), *NO_INTERVAL, songs, 0), title)
        )
    return rows


def draw_confusions(rows: TidyRows) -> Figure:
    """The distributions as a matrix: darker is a larger share; the diagonal cannot occur."""
    if not rows:
        return empty_figure("Nothing to draw: no detector is computed at this scale.")
    names = list(dict.fromkeys(row["row"] for row in rows))
    cells = {(row["row"], row["column"]): row["reproduced"] for row in rows}
    values = 100 * np.array([[cells[name, other] for other in names] for name in names], dtype=float)
    size = 2.6 + 0.3 * len(names)
    figure = Figure(figsize=(size + 1.1, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=max(float(np.nanmax(values, initial=0)), 1.0))
    for row, name in enumerate(names):
        axes.text(row, row, "·", ha="center", va="center", fontsize=8, color="#888888")
        if not np.isfinite(values[row]).any():
            reason = "no false positive" if not cells[name, FALSE_POSITIVES] else "nothing missed beside them"
            axes.text(len(names) / 2 - 0.5, row, reason, ha="center", va="center", fontsize=7, color="#666666")
    labels = [f"{readable(name)} ({cells[name, FALSE_POSITIVES]:.0f})" for name in names]
    axes.set_yticks(range(len(names)), labels, fontsize=8)
    axes.set_xticks(range(len(names)), [readable(name) for name in names], rotation=45, ha="right", fontsize=8)
    axes.tick_params(length=0)
    axes.set_ylabel("detected, but does not play (number of seconds)")
    axes.set_xlabel("plays, but is not detected")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the row (%)")
    figure.supxlabel(" ", fontsize=8)  # room for the note on stand-ins
    return figure


INSTRUMENTS = FigureKind(
    rows=lambda shown: instrument_rows(shown.params, shown.paper, shown.figure, shown.results),
    draw=lambda shown, rows: draw_instruments(rows, with_longer_input(shown.paper)),
    decimals=3,
)
CONFUSIONS = FigureKind(
    rows=lambda shown: confusion_rows(shown.params, shown.paper, shown.figure, shown.results),
    draw=lambda _, rows: draw_confusions(rows),
    is_of_cells=False,
)
