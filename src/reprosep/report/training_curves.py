"""Training curves as small multiples: one panel per corpus and target, one colour per system."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from reprosep.base.errors import UserError
from reprosep.base.tables import read_csv
from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.results.figure_style import BLUE, GREEN, ORANGE, PURPLE, VERMILION, style, svg
from reprosep.results.target_names import readable

_COLORS = (BLUE, ORANGE, GREEN, PURPLE, VERMILION)
_MARKERS = ("o", "s", "^", "D", "v")
_LOSSES = (("train_mse", "valid_mse"), ("train_loss", "valid_loss"))  # columns of training and validation
_ACROSS = 4
_MOST_MARKERS = 8


def read_epochs(path: Path) -> pd.DataFrame:
    """The epoch log of a run; :class:`UserError` when it is missing or lacks a column."""
    remedy = f"delete the folder {path.parent} and train the run again" if path.exists() else "train the run first"
    table = read_csv(path, remedy)
    if not any({"epoch", *pair} <= set(table.columns) for pair in _LOSSES):
        raise UserError(f"{path}: no losses by epoch; delete the folder {path.parent} and train the run again")
    return table


def curves_svg(results: Path, paper: Paper, runs: Iterable[Run]) -> bytes | None:
    """Training MSE (thin) and validation MSE (thick) by epoch, as SVG; None when nothing was trained."""
    trained = [run for run in runs if paper.systems[run.system].trained]
    panels = list(dict.fromkeys((run.corpus, run.target) for run in trained))
    if not panels:
        return None
    systems = sorted({run.system for run in trained}, key=list(paper.systems).index)
    with style():
        down = -(-len(panels) // _ACROSS)
        figure = Figure(figsize=(9.0, 0.5 + 1.75 * down), layout="constrained")
        grid = figure.subplots(down, _ACROSS, squeeze=False)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_visible(False)
        for (corpus, target), axes in zip(panels, grid.ravel(), strict=False):
            _panel(axes, results, [run for run in trained if (run.corpus, run.target) == (corpus, target)], systems)
            axes.set_title(f"{readable(target)}, {corpus}", loc="left")
        for row in grid:
            row[0].set_ylabel("MSE" if paper.minimises_errors() else "loss")
        figure.supxlabel("epoch", fontsize=9)
        labels = [paper.systems[system].label for system in systems]
        figure.legend(handles=_legend(systems, labels), loc="outside upper center", ncols=3, fontsize=8)
        return svg(figure)


def _look(systems: list[str], system: str) -> tuple[str, str]:
    index = systems.index(system) % len(_COLORS)
    return _COLORS[index], _MARKERS[index]


def _panel(axes: Axes, results: Path, runs: list[Run], systems: list[str]) -> None:
    for run in runs:
        table = read_epochs(results / "runs" / run.id / "epochs.csv")
        color, marker = _look(systems, run.system)
        every = max(1, len(table) // _MOST_MARKERS)
        trained, valid = next(pair for pair in _LOSSES if set(pair) <= set(table.columns))
        axes.plot(table["epoch"], table[trained], color=color, linewidth=0.8, linestyle=":")
        axes.plot(
            table["epoch"], table[valid], color=color, marker=marker, markersize=3, markevery=every, linewidth=1.3
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.grid(True, axis="y")


def _legend(systems: list[str], labels: list[str]) -> list[Line2D]:
    lines = []
    for system, label in zip(systems, labels, strict=True):
        color, marker = _look(systems, system)
        lines.append(Line2D([], [], color=color, marker=marker, markersize=4, label=label))
    lines.append(Line2D([], [], color="#444444", linewidth=1.3, label="validation"))
    lines.append(Line2D([], [], color="#444444", linewidth=0.8, linestyle=":", label="training"))
    return lines
