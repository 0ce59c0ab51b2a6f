"""What a kind of figure is to those who draw and show it: its rows, its drawing, and how its numbers are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from reprosep.papers.content import Figure as PaperFigure
from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.reads import corpora_shown, figure_runs
from reprosep.results.tidy import TidyRows


@dataclass(frozen=True)
class ShownFigure:
    """A figure of a paper at a scale.

    `results` is the folder ``results/<scale>``; `listening` is where the listening examples leave its spectrograms.
    """

    params: Params
    paper: Paper
    figure: PaperFigure
    results: Path
    listening: Path | None = None

    @property
    def runs(self) -> dict[str, list[Run]]:
        """Target -> the runs of its corpus and system, one per seed."""
        return figure_runs(self.params, self.paper, self.figure)


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    Parameters
    ----------
    rows
        Its data, as tidy rows.
    draw
        Its drawing, of these rows.
    of_runs
        Whether it shows nothing where this scale has no run of its corpus and system.
    is_of_cells
        Whether its rows are cells that results are compared by and a page has room for; not those of pictures of
        hundreds of values.
    is_seeded
        Whether its values are others with another training seed.
    decimals
        Of its values on a page.
    heading
        What its rows are, on a page.
    unit
        How the caption of its numbers goes on, on a page.
    is_open
        Whether a page shows its numbers before they are asked for: those that the drawing alone does not tell.
    """

    rows: Callable[[ShownFigure], TidyRows]
    draw: Callable[[ShownFigure, TidyRows], Figure]
    of_runs: bool = False
    is_of_cells: bool = True
    is_seeded: bool = True
    decimals: int = 2
    heading: str = "Target"
    unit: str = ""
    is_open: bool = False

    def shows(self, shown: ShownFigure) -> bool:
        """Whether this scale has what a figure of this kind shows."""
        return bool(corpora_shown(shown.params, shown.figure)) and (not self.of_runs or bool(shown.runs))
