"""How every figure looks and is saved: colours for the colour-blind, the same bytes for the same data.

References
----------
Okabe, Ito: Color universal design, 2008 (the palette).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reprosep.base.files import whole_file
from reprosep.params.data import Corpus

ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE, GREY = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#9A9A9A",
)
DOTS_PER_INCH = 200
STANDIN_NOTE = "stand-in corpus"

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "reprosep",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.axisbelow": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw inside this block with the project's style, whatever the user's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for key, value in _STYLE.items():
            matplotlib.rcParams[key] = value  # type: ignore[index]
        yield


def save(figure: Figure, output: Path, name: str) -> None:
    """Write ``<name>.svg`` and ``<name>.png`` (200 dpi)."""
    output.mkdir(parents=True, exist_ok=True)
    with whole_file(output / f"{name}.svg") as temporary:
        temporary.write_bytes(svg(figure))
    with whole_file(output / f"{name}.png") as temporary:
        figure.savefig(temporary, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata={"Software": "matplotlib"})


def svg(figure: Figure) -> bytes:
    """The figure as SVG without a date."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", dpi=DOTS_PER_INCH, bbox_inches="tight", metadata={"Date": None})
    return buffer.getvalue()


def note_standin(figure: Figure, corpus: Corpus | None) -> None:
    """Say on the figure itself that its data come from a stand-in corpus."""
    if corpus is not None and corpus.standin is not None:
        figure.text(0.995, 0.005, STANDIN_NOTE, ha="right", va="bottom", fontsize=8, style="italic", color="#555555")


def bars(
    axes: Axes,
    positions: Sequence[float],
    values: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    **appearance: Any,
) -> None:
    """Bars with intervals as error bars; what is NaN is left out."""
    heights = np.asarray(values, dtype=float)
    axes.bar(positions, np.nan_to_num(heights), edgecolor="#333333", linewidth=0.6, **appearance)
    for position, height, (low, high) in zip(positions, heights, intervals, strict=True):
        if np.isfinite([height, low, high]).all():
            # A percentile interval may leave out the value itself: draw the interval where it is.
            for color, width, cap in (("white", 2.6, 5.0), ("#111111", 1.2, 4.0)):
                axes.plot(
                    [position] * 2, [low, high], color=color, linewidth=width, marker="_", markersize=cap, zorder=3
                )


def empty_figure(message: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = Figure(figsize=(6.4, 1.6))
    figure.text(0.5, 0.5, message, ha="center", va="center", wrap=True)
    return figure
