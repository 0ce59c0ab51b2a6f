"""Bars side by side: a group per row of tidy rows, a bar per column."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reprosep.results.figure_style import bars
from reprosep.results.intervals import NO_INTERVAL
from reprosep.results.target_names import readable
from reprosep.results.tidy import TidyRows


def grouped_bars(rows: TidyRows, looks: dict[str, dict[str, Any]], label_missing: str) -> Figure:
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
