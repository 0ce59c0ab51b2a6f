"""The papers' figures as SVG, PNG and tidy CSV: spectrograms, activity detection, gains by the gate, corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reprosep.experiments.gates import gating_run
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Figure as PaperFigure
from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.params.data import Corpus
from reprosep.params.scale import Params
from reprosep.results import activity_scores
from reprosep.results.aggregate import Scores, Summary, metrics_of, of_pair
from reprosep.results.corpus_figures import corpora_shown, corpus_figure
from reprosep.results.detection_figures import (
    confusion_rows,
    draw_confusions,
    draw_instruments,
    instrument_rows,
    with_longer_input,
)
from reprosep.results.energy_figure import draw_energies, energy_rows
from reprosep.results.figure_style import BLUE, GREEN, GREY, ORANGE, SKY, bars, empty_figure, note_standin, save, style
from reprosep.results.intervals import FEWEST_SONGS, NO_INTERVAL, Values, median, median_resamples, percentile_interval
from reprosep.results.spectrograms import draw_spectrograms, read_spectrograms
from reprosep.results.target_names import readable
from reprosep.results.tidy import tidy_row, write_tidy

AUC, RATE = "AUC", "activation rate"
TidyRows = list[dict[str, Any]]


def write_figures(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write ``figure-N.svg`` and ``figure-N.png`` of every figure, and its data as ``figure-N.csv`` where it has some.

    A figure whose corpus, system or targets are not part of this scale says so in place of a drawing.

    Parameters
    ----------
    results
        Folder of the scale, ``results/<scale>``.
    output
        Folder of the paper, ``results/<scale>/papers/<paper>``, with ``listen/figure-3.npz``.

    Raises
    ------
    UserError
        When a file of scores, activity, spectrograms, spectra or a catalog is missing or foreign.
    """
    for name, figure in paper.figures.items():
        shown = corpora_shown(params, figure)
        corpus = next((one for one in shown.values() if one.standin), next(iter(shown.values()), None))
        runs = figure_runs(params, paper, figure)
        rows: TidyRows = []
        with style():
            if corpus is not None and figure.kind in ("categories", "spectra"):
                rows, drawing = corpus_figure(params, figure, results)
            elif corpus is not None and figure.kind == "instruments":
                rows = instrument_rows(params, paper, figure, results)
                drawing = draw_instruments(rows, with_longer_input(paper))
            elif corpus is not None and figure.kind == "confusions":
                rows = confusion_rows(params, paper, figure, results)
                drawing = draw_confusions(rows)
            elif corpus is not None and figure.kind == "energies":
                rows = energy_rows(params, figure, results)
                drawing = draw_energies(rows, figure.seconds)
            elif corpus is None or not runs:
                drawing = empty_figure(f"Nothing to draw: scale '{params.scale}' has no such runs or corpora.")
            elif figure.kind == "spectrograms":
                drawing = draw_spectrograms(read_spectrograms(output / "listen" / f"{name}.npz"))
            elif figure.kind == "activity":
                rows = activity_rows(params, paper, results, runs, corpus)
                drawing = draw_activity(rows)
            else:
                rows = gain_rows(params, Scores(results, _flat(runs)), runs, figure)
                drawing = draw_gains([row for row in rows if row["metric"] == (figure.bind.metric or "Avg")])
            note_standin(drawing, corpus)
            save(drawing, output, name)
        if figure.kind != "spectrograms":
            write_tidy(output / f"{name}.csv", rows)


def figure_runs(params: Params, paper: Paper, figure: PaperFigure) -> dict[str, list[Run]]:
    """Target -> the runs of the figure's corpus and system, one per seed, targets in the corpus's order."""
    bind = figure.bind
    if bind.corpus not in params.corpora:
        return {}
    needed = [run for run in needed_runs(params, paper) if (run.corpus, run.system) == (bind.corpus, bind.system)]
    targets = [bind.target] if bind.target else params.corpora[bind.corpus].targets
    found = {target: [run for run in needed if run.target == target] for target in targets}
    return {target: runs for target, runs in found.items() if runs}


def _flat(runs: dict[str, list[Run]]) -> list[Run]:
    return [run for group in runs.values() for run in group]


def activity_rows(params: Params, paper: Paper, results: Path, runs: dict[str, list[Run]], corpus: Corpus) -> TidyRows:
    """AUC at every resolution and the activation rate of every target (Figure 4), both from 0 to 1.

    Where a detector gates the system, its AUC stands beside, on the same seconds of the same songs and their labels.
    """
    rows = []
    for target, group in runs.items():
        tables = activity_scores.read_activity(results, group)
        detectors = [gating_run(params, run.corpus, paper.systems[run.system], run.seed) for run in group]
        others = [activity_scores.read_detector(params, results, run, target) for run in detectors if run]
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
    figure = _grouped_bars(rows, shown, label_missing="one class only")
    axes = figure.axes[0]
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("AUC, activation rate")
    axes.axhline(0.5, color="#444444", linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate("chance", (1, 0.5), (2, 0), ("axes fraction", "data"), "offset points", fontsize=7, va="center")
    return figure


def gain_rows(params: Params, scores: Scores, runs: dict[str, list[Run]], figure: PaperFigure) -> TidyRows:
    """Gains in dB per target, bar and metric (Figure 5): difference of two cells, songs drawn jointly."""
    first = figure.bind.metric or "Avg"
    rows = []
    for target, group in runs.items():
        run = group[0]
        for metric in (first, *figure.also):
            for bar in figure.bars:
                pairs = [(run.system, bar.better), (run.system, bar.than)]
                songs = scores.songs(run.corpus, target, pairs, common=False)
                sides = [of_pair(songs, pair)[metrics_of(metric)] for pair in pairs]
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


def draw_gains(rows: TidyRows) -> Figure:
    """Bars of the gain in dB per target (Figure 5)."""
    looks: dict[str, dict[str, Any]] = {}
    appearances = [{"color": ORANGE}, {"color": GREY, "hatch": "////"}, {"color": SKY, "hatch": "...."}]
    for row in rows:
        if row["column"] not in looks:
            looks[row["column"]] = {**appearances[len(looks) % len(appearances)], "label": row["column"]}
    figure = _grouped_bars(rows, looks, label_missing="no score")
    axes = figure.axes[0]
    axes.set_ylabel("increase of the average score (dB)")
    axes.axhline(0, color="#333333", linewidth=0.9)
    return figure


def _grouped_bars(rows: TidyRows, looks: dict[str, dict[str, Any]], label_missing: str) -> Figure:
    """One group of bars per row label, one bar per column label."""
    groups = list(dict.fromkeys(row["row"] for row in rows))
    figure = Figure(figsize=(max(4.2, 1.35 * len(groups)), 3.6), layout="constrained")
    axes = figure.subplots()
    axes.grid(True, axis="y")
    width = 0.82 / len(looks)
    for index, (column, look) in enumerate(looks.items()):
        cells = {row["row"]: row for row in rows if row["column"] == column}
        positions = [place + (index - (len(looks) - 1) / 2) * width for place in range(len(groups))]
        values = [cells[group]["reproduced"] if group in cells else float("nan") for group in groups]
        ends = [(cells[g]["ci_low"], cells[g]["ci_high"]) if g in cells else NO_INTERVAL for g in groups]
        bars(axes, positions, values, ends, width=width * 0.94, **look)
        for position, value in zip(positions, values, strict=True):
            if not np.isfinite(value):
                axes.text(position, 0.02, label_missing, rotation=90, fontsize=6.5, ha="center", va="bottom")
    axes.set_xticks(range(len(groups)), [readable(group).replace(" ", "\n") for group in groups])
    axes.tick_params(axis="x", length=0)
    figure.legend(loc="outside upper center", ncols=min(4, len(looks)), fontsize=8)
    return figure
