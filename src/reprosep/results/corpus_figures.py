"""Corpora in pictures: songs by category of instruments, average spectra of mixtures (Figures 1 and 2 of Slakh).

References
----------
Manilow et al., Slakh (WASPAA 2019), Section 2.4, Figures 1 and 2.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from reprosep.audio.store import read_table
from reprosep.papers.content import Figure as PaperFigure
from reprosep.params.scale import Params
from reprosep.results.aggregate import Summary
from reprosep.results.categories import songs_by_category
from reprosep.results.figure_kind import FigureKind
from reprosep.results.figure_style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, empty_figure
from reprosep.results.intervals import NO_INTERVAL
from reprosep.results.reads import corpora_shown
from reprosep.results.target_names import readable
from reprosep.results.tidy import TidyRows, tidy_row

SONGS, LEVEL = "songs", "level"
MEAN, DEVIATION = "mean", "standard deviation"
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 20000.0  # that can be heard
_TICKS_HZ = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
_RANGE_DB = 90.0  # below the highest mean that is shown of a curve
_MARGIN_DB = 3.0
_SHORT_TITLE = 24  # letters of a title with which others stand in one line


def category_rows(params: Params, figure: PaperFigure, results: Path) -> TidyRows:
    """Number of songs that have a category of instruments, the categories of ``figure.first`` first."""
    name = str(figure.bind.corpus)
    corpus, catalog = params.corpora[name], read_table(results / name / "catalog.parquet")
    songs = catalog["song"].nunique()
    counts = songs_by_category(catalog, corpus.kind, figure.first)
    return [
        tidy_row(category, "mixtures", SONGS, None, Summary(count, *NO_INTERVAL, songs, 0), corpus.title)
        for category, count in counts.items()
    ]


def draw_categories(rows: TidyRows, first: list[str]) -> Figure:
    """A bar per category with its number, those that come first in another colour."""
    figure = Figure(figsize=(max(4.2, 1.2 + 0.34 * len(rows)), 3.6), layout="constrained")
    axes = figure.subplots()
    heights = [row["reproduced"] for row in rows]
    colours = [GREEN if row["row"] in first else GREY for row in rows]
    places = list(range(len(rows)))
    axes.bar(places, heights, width=0.72, color=colours, edgecolor="#333333", linewidth=0.6)
    for place, height in zip(places, heights, strict=True):
        axes.annotate(f"{height:.0f}", (place, height), (0, 2), textcoords="offset points", ha="center", fontsize=7)
    axes.set_xticks(places, [readable(row["row"]) for row in rows], rotation=45, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.grid(True, axis="y")
    songs = rows[0]["songs"] if rows else 0
    axes.set_ylabel(f"mixtures, of {songs}")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, max(1, songs) * 1.08)
    figure.supxlabel(" ", fontsize=8)  # room for the note on stand-ins
    return figure


def spectrum_rows(params: Params, figure: PaperFigure, results: Path) -> TidyRows:
    """Mean and standard deviation over songs of the level of every bin, in dB; a row is a frequency in Hz.

    Silent songs, which have no spectrum, are left out.
    """
    rows, shown = [], corpora_shown(params, figure)
    titles = Counter(corpus.title for corpus in shown.values())
    for name, corpus in shown.items():
        title = corpus.title if titles[corpus.title] == 1 else f"{corpus.title} ({name})"
        table = read_table(results / name / "spectra.parquet")
        levels = np.stack(list(table["levels"])).astype(float)  # (song, bin)
        levels = levels[~np.isnan(levels).any(axis=1)]
        if not len(levels):
            continue
        hertz = np.linspace(0, table["sample_rate"].iloc[0] / 2, levels.shape[1])
        for statistic, values in (
            (MEAN, levels.mean(axis=0)),
            (DEVIATION, levels.std(axis=0, ddof=min(1, len(levels) - 1))),
        ):
            for frequency, value in zip(hertz, values, strict=True):
                summary = Summary(float(value), *NO_INTERVAL, len(levels), len(table) - len(levels))
                rows.append(tidy_row(f"{frequency:.2f}", statistic, LEVEL, None, summary, title))
    return rows


def draw_spectra(rows: TidyRows, apart: float) -> Figure:
    """A line of means with a band of one standard deviation per corpus, each `apart` dB below the one before."""
    if not rows:
        return empty_figure("Nothing to draw: every song is silent.")
    figure = Figure(figsize=(6.8, 4.4), layout="constrained")
    axes = figure.subplots()
    titles = list(dict.fromkeys(row["corpus"] for row in rows))
    ends = []
    for number, title in enumerate(titles):
        hertz, means, deviations = _curve(rows, title)
        shift = -apart * number
        colour = _COLOURS[number % len(_COLOURS)]
        label = f"{title}, moved by \u2212{-shift:g} dB" if shift else title
        axes.fill_between(hertz, means - deviations + shift, means + deviations + shift, color=colour, alpha=0.22, lw=0)
        axes.plot(hertz, means + shift, color=colour, linewidth=1.0, label=label)
        lowest = max((means - deviations).min(), means.max() - _RANGE_DB)
        ends.append((lowest + shift, (means + deviations).max() + shift))
    _audible(axes)
    axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends) + _MARGIN_DB)
    axes.set_ylabel("level (dB), unit energy")
    figure.supxlabel(" ", fontsize=8)  # room for the note on stand-ins
    columns = len(titles) if max(map(len, titles)) <= _SHORT_TITLE else 1
    figure.legend(loc="outside upper center", ncols=columns, fontsize=8)
    return figure


def _curve(rows: TidyRows, title: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies, means and deviations of a corpus in the audible range, each ``(bin,)``."""
    own = [row for row in rows if row["corpus"] == title]
    hertz = np.array([float(row["row"]) for row in own if row["column"] == MEAN])
    means, deviations = (np.array([row["reproduced"] for row in own if row["column"] == c]) for c in (MEAN, DEVIATION))
    audible = (hertz >= _LOWEST_HZ) & (hertz <= _HIGHEST_HZ)
    return hertz[audible], means[audible], deviations[audible]


def _audible(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlim(_LOWEST_HZ, _HIGHEST_HZ)
    axes.set_xticks(_TICKS_HZ)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda hertz, _: f"{hertz / 1000:g}k" if hertz >= 1000 else f"{hertz:g}")
    )
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(True, axis="both")
    axes.set_xlabel("frequency (Hz)")


CATEGORIES = FigureKind(
    rows=lambda shown: category_rows(shown.params, shown.figure, shown.results),
    draw=lambda shown, rows: draw_categories(rows, shown.figure.first),
    is_seeded=False,
    decimals=0,
    heading="Category",
    unit=": songs with at least one such instrument",
)
SPECTRA = FigureKind(
    rows=lambda shown: spectrum_rows(shown.params, shown.figure, shown.results),
    draw=lambda shown, rows: draw_spectra(rows, shown.figure.apart),
    is_of_cells=False,
    is_seeded=False,
)
