"""Many methods in pictures: distributions over songs, mean ranks with what is told apart, and differences by pair.

References
----------
Stöter, Liutkus, Ito: The 2018 signal separation evaluation campaign. LVA/ICA 2018 (its pictures of distributions).
Demšar: Statistical comparisons of classifiers over multiple data sets. JMLR, 2006 (ranks with bars).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reprosep.results.figure_style import empty_figure
from reprosep.results.intervals import Values
from reprosep.results.ranks import FEWEST_METHODS, Ranking

_LINE = 0.185  # inches: height of a method
_PANEL = 2.1  # inches: width of a panel without its names
_NAME = 0.075  # inches: width of a letter
_WHISKER = 1.5  # interquartile ranges that a whisker reaches at most
_MARGIN = 0.06  # of the span of the whiskers
_STEP = 0.045  # of a panel's width, between two bars of ranks
_CELL = 0.2  # inches: a cell of the matrix of pairs
_NO_METHODS = "no target that several methods have scores of"

Looks = Mapping[str, tuple[str, str]]
"""Method -> colour, and what the colour means."""


def whiskers(values: Values) -> tuple[float, float, float, float, float]:
    """Lower whisker, quartile, median, quartile and upper whisker (Tukey's box) of values (song,) without NaN."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = _WHISKER * (high - low)
    return (
        float(values[values >= low - reach].min()),
        float(low),
        float(middle),
        float(high),
        float(values[values <= high + reach].max()),
    )


def draw_distributions(scores: Mapping[str, pd.DataFrame], looks: Looks, metric: str) -> Figure:
    """Target -> scores (song, method) in dB: a panel per target, a box per method, the best median on top."""
    scores = {target: table.dropna(axis=1, how="all") for target, table in scores.items()}
    figure, panels = _panels({target: list(table.columns) for target, table in scores.items()})
    for axes, (target, table) in zip(panels, scores.items(), strict=True):
        names = list(table.median().sort_values(ascending=False, kind="stable").index)
        for place, name in enumerate(names):
            _box(axes, place, table[name].dropna().to_numpy(dtype=float), looks[str(name)][0])
        _named(axes, names, target)
        _frame_boxes(axes, table[names])
        axes.axvline(0, color="#888888", linewidth=0.7, zorder=0)
    if panels:
        figure.supxlabel(f"{metric} in dB, a song's median over frames", fontsize=8)
        _legend(figure, looks)
    return figure


def _box(axes: Axes, place: int, values: Values, colour: str) -> None:
    lowest, low, middle, high, highest = whiskers(values)
    axes.plot([lowest, highest], [place, place], color="#555555", linewidth=0.8, zorder=1)
    axes.barh(place, high - low, left=low, height=0.66, color=colour, edgecolor="#333333", linewidth=0.5, zorder=2)
    axes.plot([middle, middle], [place - 0.33, place + 0.33], color="#111111", linewidth=1.3, zorder=3)
    apart = values[(values < lowest) | (values > highest)]
    axes.plot(apart, np.full(len(apart), place), ".", color="#777777", markersize=2, zorder=1)


def _frame_boxes(axes: Axes, table: pd.DataFrame) -> None:
    """Limits that hold every whisker; the songs beyond them are arrows at the edge. Columns are in the boxes' order."""
    ends = [whiskers(table[name].dropna().to_numpy(dtype=float)) for name in table.columns]
    low, high = min(end[0] for end in ends), max(end[-1] for end in ends)
    margin = _MARGIN * (high - low)
    axes.set_xlim(low - margin, high + margin)
    for place, name in enumerate(table.columns):
        for beyond, edge, marker in ((table[name] < low - margin, 0.0, "<"), (table[name] > high + margin, 1.0, ">")):
            if beyond.any():
                at_edge: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "clip_on": False, "zorder": 4}
                axes.plot(edge, place, marker, color="#777777", markersize=3, **at_edge)


def draw_ranks(rankings: Mapping[str, Ranking], looks: Looks, alpha: float) -> Figure:
    """A panel per target: mean ranks, bars that join methods which are not told apart, and the critical difference."""
    rankings = {target: one for target, one in rankings.items() if len(one.methods) >= FEWEST_METHODS and one.songs}
    figure, panels = _panels({target: one.methods for target, one in rankings.items()})
    for axes, (target, ranking) in zip(panels, rankings.items(), strict=True):
        for place, (name, value) in enumerate(zip(ranking.methods, ranking.mean_ranks, strict=True)):
            axes.plot(value, place, "o", color=looks[name][0], markersize=5, markeredgecolor="#333333", zorder=3)
        for lane, (first, last) in _lanes(ranking.groups(alpha)):
            x = 1.04 + _STEP * lane
            axes.plot(
                [x, x],
                [first - 0.3, last + 0.3],
                color="#333333",
                linewidth=2,
                transform=axes.get_yaxis_transform(),
                clip_on=False,
            )
        _named(axes, ranking.methods, f"{target} ({ranking.songs} songs)")
        axes.set_xlim(0.4, len(ranking.methods) + 0.6)
        axes.grid(True, axis="x")
        _critical(axes, ranking)
    if panels:
        figure.supxlabel("mean rank over songs, 1 is best; bars join methods that are not told apart", fontsize=8)
        _legend(figure, {name: look for name, look in looks.items() if _is_in(name, rankings)})
    return figure


def _lanes(groups: Sequence[tuple[int, int]]) -> list[tuple[int, tuple[int, int]]]:
    """Groups with the first lane in which each stands clear of those before it."""
    ends: list[int] = []
    placed = []
    for first, last in groups:
        lane = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        ends[lane : lane + 1] = [last]
        placed.append((lane, (first, last)))
    return placed


def _is_in(name: str, rankings: Mapping[str, Ranking]) -> bool:
    return any(name in ranking.methods for ranking in rankings.values())


def _critical(axes: Axes, ranking: Ranking) -> None:
    if not np.isfinite(ranking.critical):
        return
    right = len(ranking.methods) + 0.3
    left = right - ranking.critical
    axes.plot([left, right], [0.1, 0.1], color="#333333", linewidth=1, marker="|", markersize=6)
    label, middle = f"CD {ranking.critical:.2f}", (left + right) / 2
    axes.annotate(label, (middle, 0.1), (0, -9), textcoords="offset points", fontsize=7, ha="center")


def draw_pairs(rankings: Mapping[str, Ranking], alpha: float) -> Figure:
    """A matrix per target: by how many dB the method of a row is better than that of a column, where that is shown."""
    rankings = {target: one for target, one in rankings.items() if len(one.methods) > 1 and one.songs}
    if not rankings:
        return empty_figure(_NO_METHODS)
    most = max(len(one.methods) for one in rankings.values())
    letters = max(len(name) for one in rankings.values() for name in one.methods)
    side = _CELL * most + _NAME * letters + 0.5
    columns = min(2, len(rankings))
    lines = -(-len(rankings) // columns)
    figure = Figure(figsize=(side * columns + 0.9, side * lines + 0.4), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    shown = [pair.difference for one in rankings.values() for pair in one.pairs if pair.differs(alpha)]
    limit = float(np.quantile(np.abs(shown), 0.95)) if shown else 1.0
    for axes, (target, ranking) in zip(panels, rankings.items(), strict=False):
        image = axes.imshow(_matrix(ranking, alpha), cmap="RdBu", vmin=-limit, vmax=limit, aspect="equal")
        _matrix_axes(axes, ranking.methods, target)
    for axes in panels[len(rankings) :]:
        axes.set_visible(False)
    figure.colorbar(image, ax=list(panels), shrink=0.4, label="row better than column by (dB)", extend="both")
    return figure


def _matrix(ranking: Ranking, alpha: float) -> np.ma.MaskedArray[Any, Any]:
    places = {name: place for place, name in enumerate(ranking.methods)}
    values = np.full((len(places), len(places)), np.nan)
    for pair in ranking.pairs:
        if pair.differs(alpha):
            one, other = places[pair.first], places[pair.second]
            values[one, other], values[other, one] = pair.difference, -pair.difference
    return np.ma.masked_invalid(values)


def _matrix_axes(axes: Axes, names: Sequence[str], target: str) -> None:
    axes.set_facecolor("#d9d9d9")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7, parse_math=False)
    axes.set_yticks(range(len(names)), names, fontsize=7, parse_math=False)
    axes.tick_params(length=0)
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(target.capitalize(), loc="left", parse_math=False)


def _panels(names: Mapping[str, Sequence[str]]) -> tuple[Figure, list[Axes]]:
    """A figure with a panel per target, as high as the one with most methods needs; without targets, words."""
    if not names:
        return empty_figure(_NO_METHODS), []
    most = max(len(methods) for methods in names.values())
    letters = max((len(str(name)) for methods in names.values() for name in methods), default=4)
    width = (_PANEL + _NAME * letters) * len(names) + 0.3
    figure = Figure(figsize=(max(width, 5.4), _LINE * most + 1.3), layout="constrained")
    return figure, list(figure.subplots(1, len(names), squeeze=False).ravel())


def _named(axes: Axes, names: Sequence[Any], title: str) -> None:
    axes.set_yticks(range(len(names)), [str(name) for name in names], fontsize=7, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_title(title[:1].upper() + title[1:], loc="left", parse_math=False)


def _legend(figure: Figure, looks: Looks) -> None:
    meanings = dict.fromkeys(looks.values())
    if len(meanings) > 1:
        handles = [
            Patch(facecolor=colour, edgecolor="#333333", linewidth=0.5, label=label) for colour, label in meanings
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)
