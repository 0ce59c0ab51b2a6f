"""The papers' tables as tidy CSV: every cell as published and as reproduced."""

from __future__ import annotations

from pathlib import Path

from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores
from reprosep.results.metrics import write_metrics, write_songs
from reprosep.results.reads import COMMON_FRAMES, versions
from reprosep.results.table_kind import ShownTable
from reprosep.results.table_kinds import TABLES
from reprosep.results.tidy import TidyRows, write_tidy


def write_tables(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write ``table-N.csv`` and ``table-N-common-frames.csv`` of a paper's tables, ``metrics.json`` and ``songs.csv``.

    Only tables that have frames (:mod:`reprosep.papers.kinds`) have the second file.

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


def every_table(params: Params, paper: Paper, results: Path, scores: Scores) -> dict[str, TidyRows]:
    """Name of a file without suffix -> tidy rows, of all tables in both ways of choosing frames."""
    return {
        f"{name}{version}": TABLES[table.kind].rows(
            ShownTable(params, paper, table, results, scores, common=version == COMMON_FRAMES)
        )
        for name, table in paper.tables.items()
        for version in versions(table)
    }
