"""Energy of the sources in the training chunks, for each setting (Figure 2 of the M-U-Net paper).

References
----------
Kadandale et al. 2020, Figure 2 and Section III-A; the constants of their released code.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reprosep.audio.frames import chunk_samples
from reprosep.audio.store import read_table
from reprosep.experiments.sources.chunks import choose_chunks
from reprosep.papers.content import Figure as PaperFigure
from reprosep.params.scale import Params
from reprosep.results.aggregate import Summary
from reprosep.results.figure_kind import FigureKind
from reprosep.results.figure_style import BLUE, GREY, bars
from reprosep.results.intervals import FEWEST_SONGS, NO_INTERVAL, percentile_interval, resample
from reprosep.results.target_names import readable
from reprosep.results.tidy import TidyRows, tidy_row

ENERGY = "energy"


def energy_rows(params: Params, figure: PaperFigure, results: Path) -> TidyRows:
    """Mean energy per ``figure.seconds`` of every source of every setting, with its interval over songs."""
    name = str(figure.bind.corpus)
    corpus, own = params.corpora[name], params.of_corpus(name)
    table = read_table(results / name / "energies.parquet")
    scale = figure.seconds * own.audio.sample_rate / chunk_samples(own)
    table["energy"] *= scale
    rows = []
    for setting in figure.settings:
        chosen = choose_chunks(own, table, setting, silence_filter=False)
        chunks = pd.MultiIndex.from_tuples(chosen.train, names=["song", "start"])
        for source, mean in zip(setting, chosen.energies, strict=True):
            energy = table[table["source"] == source].set_index(["song", "start"])["energy"].loc[chunks]
            summary = Summary(float(mean), *_interval(params, energy), energy.index.get_level_values(0).nunique(), 0)
            published = figure.published.get(source)
            rows.append(tidy_row(source, f"{len(setting)} sources", ENERGY, published, summary, corpus.title))
    return rows


def _interval(params: Params, energy: pd.Series) -> tuple[float, float]:
    """Interval of the mean over chunks, songs drawn with all their chunks."""
    songs = energy.groupby(level="song").agg(["sum", "size"]).to_numpy(dtype=float)
    if len(songs) < FEWEST_SONGS:
        return NO_INTERVAL
    drawn = songs[resample(params, len(songs))].sum(axis=1)
    return percentile_interval(params, drawn[:, 0] / drawn[:, 1])


def draw_energies(rows: TidyRows, seconds: float) -> Figure:
    """A panel of bars per setting, the authors' constants as marks beside them."""
    settings = list(dict.fromkeys(row["column"] for row in rows))
    widths = [sum(row["column"] == name for row in rows) for name in settings]
    figure = Figure(figsize=(1.6 + 0.95 * sum(widths), 3.4), layout="constrained")
    panels = figure.subplots(1, len(settings), width_ratios=widths, sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, settings, strict=True):
        cells = [row for row in rows if row["column"] == name]
        places = list(range(len(cells)))
        ends = [(row["ci_low"], row["ci_high"]) for row in cells]
        values = [row["reproduced"] for row in cells]
        bars(axes, places, values, ends, color=BLUE, width=0.62, label="measured here")
        printed = [np.nan if row["published"] is None else row["published"] for row in cells]
        axes.plot(places, printed, "D", color=GREY, markeredgecolor="#333333", markersize=6, label="authors' code")
        axes.set_xticks(places, [readable(row["row"]) for row in cells], fontsize=8)
        axes.tick_params(axis="x", length=0)
        axes.set_title(name, loc="left")
        axes.grid(True, axis="y")
        axes.set_axisbelow(True)
    panels[0].set_ylabel(f"mean energy in {seconds:g} s")
    figure.supxlabel(" ", fontsize=8)  # room for the note on stand-ins
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8)
    return figure


ENERGIES = FigureKind(
    rows=lambda shown: energy_rows(shown.params, shown.figure, shown.results),
    draw=lambda shown, rows: draw_energies(rows, shown.figure.seconds),
    is_seeded=False,
)
