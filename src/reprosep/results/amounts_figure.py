"""How good networks are by how much they were trained on: shares of a corpus of recordings and of an added one.

A heat map per target, and of their mean: upwards the share of the recordings, to the right that of the added corpus.
Colours tell the difference from all recordings alone, so that targets of different levels have one scale.

What the added corpus alone is worth is the share of the recordings that, alone, gives the same score: linearly between
the shares that were trained on, on a logarithmic scale of shares: errors tend to fall with a power of the amount of
data, which is a line in dB.

References
----------
Hestness et al.: Deep learning scaling is predictable, empirically. arXiv:1712.00409, 2017 (the power law).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from reprosep.papers.content import Figure as PaperFigure
from reprosep.papers.content import Paper
from reprosep.papers.system import TargetSystem
from reprosep.results.aggregate import Scores, pair_songs, summarise
from reprosep.results.figure_kind import FigureKind, ShownFigure
from reprosep.results.figure_style import empty_figure
from reprosep.results.intervals import Values
from reprosep.results.target_names import readable
from reprosep.results.tidy import TidyRows, tidy_row

Amounts = tuple[float, float]
"""The shares of the recordings and of the added corpus."""

MEAN = "Mean"
_LEAST_SCALE = 0.5  # dB, of the colours
_DARK = 0.6  # of the scale, from which a colour is dark
_IN_A_ROW = 3  # heat maps, which a page has room for


def amounts_of(paper: Paper, figure: PaperFigure) -> dict[str, Amounts]:
    """Name of a system -> the shares of the figure's two corpora that it is trained on, if on no other corpus."""
    recorded, added = figure.corpora
    trained = {
        name: system
        for name, system in paper.systems.items()
        if isinstance(system, TargetSystem) and system.trained and system.added in (None, added)
    }
    return {
        name: (system.amount_of(recorded), system.amount_of(added) if system.added else 0.0)
        for name, system in trained.items()
    }


def _rows(shown: ShownFigure) -> TidyRows:
    """The cell of every target and system: the median over songs, as in tables."""
    bind, amounts = shown.figure.bind, amounts_of(shown.paper, shown.figure)
    title = shown.params.corpora[str(bind.corpus)].title
    scores = Scores(shown.results, {run for runs in shown.runs.values() for run in runs if run.system in amounts})
    rows = []
    for target, runs in shown.runs.items():
        pairs = [(name, bind.variant or "none") for name in amounts if any(run.system == name for run in runs)]
        songs = scores.songs(str(bind.corpus), target, pairs, common=False)
        for pair in pairs:
            summary = summarise(shown.params, pair_songs(songs, pair), str(bind.metric))
            rows.append(tidy_row(target, shown.paper.systems[pair[0]].label, str(bind.metric), None, summary, title))
    return rows


def _draw(shown: ShownFigure, rows: TidyRows) -> Figure:
    by_name = amounts_of(shown.paper, shown.figure)
    labels = {shown.paper.systems[name].label: amounts for name, amounts in by_name.items()}
    surfaces: dict[str, dict[Amounts, float]] = {}
    for row in rows:
        surfaces.setdefault(readable(row["row"]), {})[labels[row["column"]]] = float(row["reproduced"])
    recorded, added = (shown.params.corpora[name].title for name in shown.figure.corpora)
    return draw_surfaces(surfaces, str(shown.figure.bind.metric), recorded, added)


def draw_surfaces(surfaces: Mapping[str, Mapping[Amounts, float]], metric: str, recorded: str, added: str) -> Figure:
    """A heat map for each of some surfaces, dB by amounts, and where there are several one of their mean.

    `recorded` and `added` are the titles of the corpora.
    """
    if not surfaces:
        return empty_figure("Nothing to draw: no network is trained on shares of these corpora at this scale.")
    panels = {**surfaces, **({MEAN: mean_surface([*surfaces.values()])} if len(surfaces) > 1 else {})}
    places = [sorted({amounts[axis] for surface in panels.values() for amounts in surface}) for axis in (0, 1)]
    gains = {name: _gains(surface, places) for name, surface in panels.items()}
    limit = max(_LEAST_SCALE, *(abs(gain[np.isfinite(gain)]).max(initial=0.0) for gain in gains.values()))
    figure, every = _panels(len(panels), places)
    for axes, (name, surface) in zip(every, panels.items(), strict=False):
        image = _map(axes, surface, gains[name], places, limit)
        axes.set_title(name, fontweight="bold", pad=27)
        place: dict[str, Any] = {"xytext": (0, 4), "xycoords": "axes fraction", "textcoords": "offset points"}
        axes.annotate(_worth_in_words(surface), (0.5, 1.0), ha="center", fontsize=7.5, **place)
    figure.supylabel(f"share of the training songs of\n{recorded}", fontsize=8)
    figure.supxlabel(f"share of the training songs of {added}\n ", fontsize=8)  # a line for the note on stand-ins
    figure.colorbar(image, ax=every, label=f"{metric} over that of\nall recordings alone (dB)")
    return figure


def _panels(count: int, places: list[list[float]]) -> tuple[Figure, list[Axes]]:
    """A figure with room for so many heat maps, in rows of a few."""
    columns = min(count, _IN_A_ROW)
    rows = math.ceil(count / columns)
    size = (0.75 * len(places[1]) + 0.4, 0.6 * len(places[0]) + 0.8)
    figure = Figure(figsize=(max(size[0] * columns, 2.9) + 1.9, size[1] * rows + 0.8), layout="constrained")
    every = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for axes in every[count:]:
        axes.set_visible(False)
    for axes in every[max(count - columns, 0) : count]:
        axes.tick_params(labelbottom=True)  # also above a place that is left free
    return figure, every


def _map(
    axes: Axes, surface: Mapping[Amounts, float], gains: Values, places: list[list[float]], limit: float
) -> AxesImage:
    """A heat map of gains with the scores written in; what is not trained is grey."""
    image = axes.imshow(gains, cmap="RdBu", vmin=-limit, vmax=limit, origin="lower", aspect="auto")
    axes.set_facecolor("#e4e4e4")
    axes.set_xticks(range(len(places[1])), [f"{share:.0%}" for share in places[1]])
    axes.set_yticks(range(len(places[0])), [f"{share:.0%}" for share in places[0]])
    for place in range(1, len(places[1])):
        axes.axvline(place - 0.5, color="white", linewidth=1.5)
    for place in range(1, len(places[0])):
        axes.axhline(place - 0.5, color="white", linewidth=1.5)
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for (row, column), gain in np.ndenumerate(gains):
        amounts = (places[0][row], places[1][column])
        text = f"{surface[amounts]:.2f}" if np.isfinite(gain) else "no score" if any(amounts) else "no data"
        colour = "#666666" if not np.isfinite(gain) else "white" if abs(gain) > _DARK * limit else "#111111"
        axes.text(column, row, text, ha="center", va="center", fontsize=9 if np.isfinite(gain) else 7, color=colour)
    return image


def _gains(surface: Mapping[Amounts, float], places: list[list[float]]) -> Values:
    """dB above all recordings alone, ``(recorded, added)``; NaN where either is missing."""
    scores = [[surface.get((recorded, added), math.nan) for added in places[1]] for recorded in places[0]]
    return np.array(scores) - surface.get((1.0, 0.0), math.nan)


def mean_surface(surfaces: list[Mapping[Amounts, float]]) -> dict[Amounts, float]:
    """The mean of some surfaces where all have a score."""
    everywhere = [amounts for amounts in surfaces[0] if all(amounts in surface for surface in surfaces)]
    return {amounts: float(np.mean([surface[amounts] for surface in surfaces])) for amounts in everywhere}


def worth(surface: Mapping[Amounts, float]) -> float:
    """The share of the recordings that alone gives the score of all that is added alone.

    0 where the smallest share that was trained on gives more, infinity where no share gives as much, NaN where a score
    is missing.
    """
    wanted = surface.get((0.0, 1.0), math.nan)
    alone = sorted((recorded, value) for (recorded, added), value in surface.items() if recorded and not added)
    if not alone or not np.isfinite([wanted, *(value for _, value in alone)]).all():
        return math.nan
    if alone[0][1] > wanted:
        return 0.0
    for (share, value), (next_share, next_value) in zip(alone, alone[1:], strict=False):
        if value <= wanted < next_value:
            part = (wanted - value) / (next_value - value)
            return float(share * (next_share / share) ** part)
    return alone[-1][0] if alone[-1][1] == wanted else math.inf


def _worth_in_words(surface: Mapping[Amounts, float]) -> str:
    share, shares = worth(surface), sorted(recorded for recorded, added in surface if recorded and not added)
    if math.isnan(share):
        return " "
    if share == 0:
        words = f"less than {shares[0]:.0%}"
    else:
        words = f"more than {shares[-1]:.0%}" if math.isinf(share) else f"about {share:.0%}"
    return f"all that is added, alone:\n{words} of recordings"


AMOUNTS = FigureKind(rows=_rows, draw=_draw, of_runs=True, unit=", in dB")
