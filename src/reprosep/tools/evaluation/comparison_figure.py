"""The comparison of methods as a picture: a panel per target, a line per pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reprosep.results.figure_style import BLUE, ORANGE, empty_figure
from reprosep.tools.evaluation.comparison import main_rows, same_frames

_COLUMNS = 4  # panels side by side
_PANEL, _LINE, _LETTER = 1.9, 0.42, 0.065  # inches: width of a panel, height of a pair, width of a letter
_MARGINS = 1.1  # inches above and below the panels: legend, title, axis
_TICKS = 4  # at most, so that those of neighbours stay apart
_OFFSET = 0.24  # of the common frames below the own ones, in lines


def draw_comparison(comparison: pd.DataFrame, alpha: float) -> Figure:
    """Effects of the first metric with their intervals; on common frames too where these differ.

    `alpha` is the level under which a p-value, after Holm's adjustment, is marked.
    """
    rows = [pair for pair in main_rows(comparison) if pair[0]["songs"]]
    if not rows:
        return empty_figure("no song and target that two methods have scores for")
    targets = list(dict.fromkeys(own["target"] for own, _ in rows))
    pairs = list(dict.fromkeys((own["first"], own["second"]) for own, _ in rows))
    labels = [f"{first}\n− {second}" for first, second in pairs]
    columns = min(_COLUMNS, len(targets))
    lines = -(-len(targets) // columns)
    width = _PANEL * columns + 0.4 + _LETTER * max(len(part) for label in labels for part in label.split("\n"))
    size = (max(width, 5.4), lines * (_LINE * len(pairs) + 0.5) + _MARGINS)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, target in zip(panels, targets, strict=False):
        _panel(axes, [pair for pair in rows if pair[0]["target"] == target], pairs, alpha)
        axes.set_title(target, loc="left", parse_math=False)
        axes.tick_params(labelbottom=True, labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(_TICKS))
    for axes in panels[len(targets) :]:
        axes.set_visible(False)
    panels[0].set_yticks(range(len(pairs)), labels, fontsize=8, parse_math=False)
    panels[0].set_ylim(len(pairs) - 0.5, -0.5)
    figure.supxlabel(
        f"{rows[0][0]['metric']} difference in dB, median over songs: above 0 the first is better", fontsize=8
    )
    handles = _legend(alpha, any(not same_frames(own) for own, _ in rows))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)
    return figure


def _panel(
    axes: Axes, rows: list[tuple[dict[Any, Any], dict[Any, Any]]], pairs: list[tuple[str, str]], alpha: float
) -> None:
    axes.axvline(0, color="#444444", linewidth=0.8, zorder=1)
    for own, common in rows:
        place = pairs.index((own["first"], own["second"]))
        _effect(axes, place, own, color=BLUE, filled=own["p_holm"] < alpha)
        if not same_frames(own) and common["songs"]:
            _effect(axes, place + _OFFSET, common, color=ORANGE, filled=common["p_holm"] < alpha, small=True)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)


def _effect(axes: Axes, place: float, row: dict[Any, Any], color: str, filled: bool, small: bool = False) -> None:
    if np.isfinite([row["low"], row["high"]]).all():
        ends, width = [row["low"], row["high"]], 1.0 if small else 1.6
        axes.plot(ends, [place] * 2, color=color, linewidth=width, solid_capstyle="butt", zorder=2)
    if np.isfinite(row["median"]):
        axes.plot(row["median"], place, **_mark(color, filled, small), zorder=3)


def _mark(color: str, filled: bool, small: bool) -> dict[str, Any]:
    return {
        "marker": "D" if small else "o",
        "markersize": 3.5 if small else 6,
        "markerfacecolor": color if filled else "white",
        "markeredgecolor": color,
        "linestyle": "none",
    }


def _legend(alpha: float, common: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], **_mark(BLUE, True, False), label=f"p < {alpha:g} (Holm)"),
        Line2D([], [], **_mark(BLUE, False, False), label="not shown to differ"),
    ]
    if common:
        handles.append(Line2D([], [], **_mark(ORANGE, True, True), label="on the pair's common frames"))
    return handles
