"""Every cell of a paper's tables and every bar of its figures, seed by seed: what others compare their results with.

Conventions
-----------
The value of a seed is what the table of a run with that seed alone holds; the seed ``all`` is that of a run with all
seeds, and cells that depend on no seed (oracles, counts) have none. Not among the cells: seconds of training, which
tell of the machine; spectra and confusions, which are pictures of hundreds of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.experiments.cells import table_cells
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Figure, Paper
from reprosep.papers.seeds import seeds_of
from reprosep.params.scale import Params
from reprosep.results.activity_figure import RATE
from reprosep.results.aggregate import Scores
from reprosep.results.figure_kind import ShownFigure
from reprosep.results.figure_kinds import FIGURES
from reprosep.results.reads import COMMON_FRAMES, tables_made
from reprosep.results.table_kinds import TABLES
from reprosep.results.tables import every_table
from reprosep.results.tidy import DECIMALS, TidyRows

KEYS = ["table", "row", "column", "metric"]
COLUMNS = [*KEYS, "seed", "songs", "value"]
ALL_SEEDS, NO_SEED = "all", ""


def compared(paper: Paper) -> list[str]:
    """The names of the files of a paper's results, without suffix, whose rows are cells."""
    figures = [name for name, figure in paper.figures.items() if FIGURES[figure.kind].is_of_cells]
    return [*tables_made(paper), *figures]


def is_cell(paper: Paper, table: str, metric: str) -> bool:
    """Whether a row of a table or figure is a cell to be compared."""
    return table not in paper.tables or metric not in TABLES[paper.tables[table].kind].of_the_machine


def cells_by_seed(params: Params, paper: Paper, results: Path) -> pd.DataFrame:
    """The cells of a paper's finished results, :data:`COLUMNS`; values with the decimals of the tables.

    Raises
    ------
    UserError
        When a file of scores or a catalog is missing or foreign.
    """
    quick = params.model_copy(update={"statistics": params.statistics.model_copy(update={"bootstrap": 1})})
    every, paper = seeds_of(params, paper), paper.model_copy(update={"seeds": None})  # one seed at a time
    seeds: dict[str, list[int]] = {str(seed): [seed] for seed in every}
    if len(every) > 1:
        seeds[ALL_SEEDS] = every
    rows = []
    for number, (name, chosen) in enumerate(seeds.items()):
        one = quick.model_copy(update={"seeds": chosen})
        for row in _rows(one, paper, results):
            if row.pop("seeded"):
                rows.append({**row, "seed": name})
            elif number == 0:
                rows.append({**row, "seed": NO_SEED})
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(params: Params, paper: Paper, results: Path) -> Iterator[dict[str, Any]]:
    """Cells of one choice of seeds, with `seeded`: whether another seed has another value."""
    oracles = _oracle_cells(params, paper)
    for name, rows in every_table(params, paper, results, Scores(results, needed_runs(params, paper))).items():
        kind = TABLES[paper.tables[name.removesuffix(COMMON_FRAMES)].kind]
        for row in rows:
            known = not kind.is_seeded or (name, row["row"], row["column"]) in oracles
            if is_cell(paper, name, row["metric"]):
                yield _cell(name, row, seeded=not known)
    for name, figure in paper.figures.items():
        for row in _figure_rows(params, paper, figure, results):
            yield _cell(name, row, seeded=FIGURES[figure.kind].is_seeded and row["metric"] != RATE)


def _cell(name: str, row: dict[str, Any], seeded: bool) -> dict[str, Any]:
    value = float(row["reproduced"]) if row["reproduced"] is not None else np.nan
    rounded = round(value, DECIMALS) + 0.0 if np.isfinite(value) else np.nan
    own = {"table": name, "value": rounded, "songs": row["songs"], "seeded": seeded}
    return {**{key: row[key] for key in KEYS[1:]}, **own}


def _oracle_cells(params: Params, paper: Paper) -> set[tuple[str, str, str]]:
    """(table, row, column) of what oracles score on all their frames; frames in common depend on what is compared."""
    return {
        (name, cell.row, cell.column)
        for name, table in paper.tables.items()
        for cell in table_cells(params, paper, table)
        if not paper.systems[cell.system].trainings(cell.system)
    }


def _figure_rows(params: Params, paper: Paper, figure: Figure, results: Path) -> TidyRows:
    """The rows of a figure whose bars are cells; none where this scale lacks its corpus or system."""
    kind, shown = FIGURES[figure.kind], ShownFigure(params, paper, figure, results)
    return kind.rows(shown) if kind.is_of_cells and kind.shows(shown) else []
