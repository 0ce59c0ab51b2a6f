"""The papers' tables as tidy CSV: every cell as published and as reproduced, in two ways of choosing frames."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.experiments.cells import Cell, table_cells
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Paper, Table
from reprosep.params.scale import Params
from reprosep.results.aggregate import Pair, Scores, of_pair, summarise
from reprosep.results.corpus_table import corpus_rows
from reprosep.results.costs import cost_rows
from reprosep.results.detection import detection_rows
from reprosep.results.metrics import write_metrics, write_songs
from reprosep.results.tidy import tidy_row, write_tidy


def write_tables(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write ``table-N.csv`` and ``table-N-common-frames.csv`` of a paper's tables, ``metrics.json`` and ``songs.csv``.

    Tables of costs, of corpora and of detectors have no frames, and so no second file.

    Parameters
    ----------
    results
        Folder of the scale, ``results/<scale>``.
    output
        Folder of the paper, ``results/<scale>/papers/<paper>``.

    Raises
    ------
    UserError
        When a score file or a catalog is missing, or a score file lacks a variant that a table needs.
    """
    scores = Scores(results, needed_runs(params, paper))
    tables = every_table(params, paper, results, scores)
    for name, rows in tables.items():
        write_tidy(output / f"{name}.csv", rows)
    write_songs(output / "songs.csv", scores)
    write_metrics(output / "metrics.json", {name: tables[name] for name in paper.tables})


def every_table(params: Params, paper: Paper, results: Path, scores: Scores) -> dict[str, list[dict[str, Any]]]:
    """Name of a file without suffix -> tidy rows, of all tables in both ways of choosing frames."""
    tables = {}
    for name, table in paper.tables.items():
        if table.kind != "scores":
            tables[name] = _other_rows(params, paper, table, results)
            continue
        cells = table_cells(params, paper, table)
        tables[name] = table_rows(params, scores, cells, common=False)
        tables[f"{name}-common-frames"] = table_rows(params, scores, cells, common=True)
    return tables


def _other_rows(params: Params, paper: Paper, table: Table, results: Path) -> list[dict[str, Any]]:
    """Tidy rows of a table that is not of separation scores."""
    if table.kind == "costs":
        return cost_rows(params, paper, table, results)
    if table.kind == "detection":
        return detection_rows(params, paper, table, results)
    return corpus_rows(params, table, results)


def table_rows(params: Params, scores: Scores, cells: Iterable[Cell], common: bool) -> list[dict[str, Any]]:
    """Tidy rows of a table's cells, in the order of the paper.

    With `common`, every cell is computed on the frames that have a finite score in all (system, variant) pairs which
    the table compares for the cell's corpus and target.
    """
    cells = list(cells)
    compared: dict[tuple[str, str], set[Pair]] = {}
    for cell in cells:
        compared.setdefault((cell.corpus, cell.target), set()).add((cell.system, cell.variant))
    songs = {key: scores.songs(*key, pairs, common) for key, pairs in compared.items()}
    return [_row(params, cell, songs[cell.corpus, cell.target]) for cell in cells]


def _row(params: Params, cell: Cell, songs: pd.DataFrame) -> dict[str, Any]:
    summary = summarise(params, of_pair(songs, (cell.system, cell.variant)), cell.metric, cell.statistic)
    title = params.corpora[cell.corpus].title
    return tidy_row(cell.row, cell.column, cell.metric, cell.published, summary, title)
