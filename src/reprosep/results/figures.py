"""The papers' figures as SVG, PNG and tidy CSV."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from reprosep.experiments.left_out import needs
from reprosep.papers.content import Paper
from reprosep.papers.kinds import FIGURE_KINDS
from reprosep.params.scale import Params
from reprosep.results.figure_kind import ShownFigure
from reprosep.results.figure_kinds import FIGURES
from reprosep.results.figure_style import empty_figure, note_standin, save, style
from reprosep.results.left_out import figure_left_out
from reprosep.results.reads import corpora_shown
from reprosep.results.tidy import TidyRows, write_tidy


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
        shown = ShownFigure(params, paper, figure, results, output / "listen" / f"{name}.npz")
        with style():
            rows, drawing = drawn(shown)
            corpora = corpora_shown(params, figure).values()
            note_standin(drawing, next((one for one in corpora if one.standin), next(iter(corpora), None)))
            save(drawing, output, name)
        if FIGURE_KINDS[figure.kind].has_rows:
            write_tidy(output / f"{name}.csv", rows)


def drawn(shown: ShownFigure) -> tuple[TidyRows, Figure]:
    """The rows of a figure and its drawing, which says so where this scale has nothing of it."""
    kind = FIGURES[shown.figure.kind]
    if lacking := figure_left_out(shown.params, shown.paper, shown.figure):
        return [], empty_figure(f"Left out at the scale '{shown.params.scale}': {needs(shown.params, lacking)}.")
    if not kind.shows(shown):
        return [], empty_figure(f"Nothing to draw: scale '{shown.params.scale}' has no such runs or corpora.")
    rows = kind.rows(shown)
    return rows, kind.draw(shown, rows)
