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
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores
from reprosep.results.corpus_figures import category_rows
from reprosep.results.detection_figures import instrument_rows
from reprosep.results.energy_figure import energy_rows
from reprosep.results.figures import RATE, TidyRows, activity_rows, figure_runs, gain_rows
from reprosep.results.tables import every_table
from reprosep.results.tidy import DECIMALS

KEYS = ["table", "row", "column", "metric"]
COLUMNS = [*KEYS, "seed", "songs", "value"]
ALL_SEEDS, NO_SEED = "all", ""
COMMON_FRAMES = "-common-frames"
_FIGURES = ("activity", "gains", "energies", "categories", "instruments")
_SEEDED_FIGURES = ("activity", "gains", "instruments")
_SECONDS = "seconds"  # a cost


def compared(paper: Paper) -> list[str]:
    """The names of the files of a paper's results, without suffix, whose rows are cells."""
    scored = [f"{name}{COMMON_FRAMES}" for name, table in paper.tables.items() if table.kind == "scores"]
    return [*paper.tables, *scored, *(name for name, figure in paper.figures.items() if figure.kind in _FIGURES)]


def is_cell(paper: Paper, table: str, metric: str) -> bool:
    """Whether a row of a table or figure is a cell to be compared."""
    return not (table in paper.tables and paper.tables[table].kind == "costs" and metric == _SECONDS)


def cells_by_seed(params: Params, paper: Paper, results: Path) -> pd.DataFrame:
    """The cells of a paper's finished results, :data:`COLUMNS`; values with the decimals of the tables.

    Raises
    ------
    UserError
        When a file of scores or a catalog is missing or foreign.
    """
    quick = params.model_copy(update={"statistics": params.statistics.model_copy(update={"bootstrap": 1})})
    seeds: dict[str, list[int]] = {str(seed): [seed] for seed in params.seeds}
    if len(params.seeds) > 1:
        seeds[ALL_SEEDS] = list(params.seeds)
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
        kind = paper.tables[name.removesuffix(COMMON_FRAMES)].kind
        for row in rows:
            known = kind in ("costs", "corpora") or (name, row["row"], row["column"]) in oracles
            if is_cell(paper, name, row["metric"]):
                yield _cell(name, row, seeded=not known)
    for name, figure in paper.figures.items():
        for row in _figure_rows(params, paper, figure, results):
            yield _cell(name, row, seeded=figure.kind in _SEEDED_FIGURES and row["metric"] != RATE)


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
        if not paper.systems[cell.system].trained
    }


def _figure_rows(params: Params, paper: Paper, figure: Figure, results: Path) -> TidyRows:
    """The rows of a figure whose bars are cells; none where this scale lacks its corpus or system."""
    corpus = params.corpora.get(figure.bind.corpus or "")
    if corpus is None or figure.kind not in _FIGURES:
        return []
    if figure.kind == "energies":
        return energy_rows(params, figure, results)
    if figure.kind == "categories":
        return category_rows(params, figure, results)
    if figure.kind == "instruments":
        return instrument_rows(params, paper, figure, results)
    runs = figure_runs(params, paper, figure)
    if not runs:
        return []
    if figure.kind == "activity":
        return activity_rows(params, paper, results, runs, corpus)
    scores = Scores(results, [run for group in runs.values() for run in group])
    return gain_rows(params, scores, runs, figure)
