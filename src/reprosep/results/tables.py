"""The papers' tables as tidy CSV: every cell as published and as reproduced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprosep.experiments.cells import column_name
from reprosep.experiments.left_out import needs
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Paper, Table
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores
from reprosep.results.left_out import LeftOutCell, left_out_cells, row_name
from reprosep.results.metrics import write_metrics, write_songs
from reprosep.results.reads import COMMON_FRAMES, versions
from reprosep.results.table_kind import ShownTable
from reprosep.results.table_kinds import TABLES
from reprosep.results.tidy import LEFT_OUT, TIDY, TidyRows, columns_of, write_tidy


def write_tables(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write ``table-N.csv`` and ``table-N-common-frames.csv`` of a paper's tables, ``metrics.json`` and ``songs.csv``.

    Only tables that have frames (:mod:`reprosep.papers.kinds`) have the second file. What a scale leaves out has rows
    without a value, and a column :data:`~reprosep.results.tidy.LEFT_OUT` that says what it needs.

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
        whole = with_left_out(params, paper, paper.tables[name.removesuffix(COMMON_FRAMES)], rows)
        write_tidy(output / f"{name}.csv", whole, columns_of(whole))
    write_songs(output / "songs.csv", scores)
    write_metrics(output / "metrics.json", {name: tables[name] for name in paper.tables})


def with_left_out(params: Params, paper: Paper, table: Table, rows: TidyRows) -> TidyRows:
    """The rows of a table and those that this scale leaves out, without a value, in the order of the paper."""
    missing = {(one.row, one.column): one for one in left_out_cells(params, paper, table)}
    if not missing:
        return rows
    kept = [row for row in rows if (row["row"], row["column"]) not in missing]
    blank = [_left_out_row(params, one) for one in missing.values()]
    names = [row_name(entry) for entry in table.rows]
    columns = [column_name(one.label, table.form, part) for one in table.columns for part in table.statistics()]
    return sorted([*kept, *blank], key=lambda row: (names.index(row["row"]), columns.index(row["column"])))


def _left_out_row(params: Params, cell: LeftOutCell) -> dict[str, Any]:
    own = {"row": cell.row, "column": cell.column, "metric": cell.metric, "published": cell.published}
    title = params.every_corpus[cell.corpora[0]].title
    return dict.fromkeys(TIDY) | own | {"corpus": title, LEFT_OUT: needs(params, cell.corpora)}


def every_table(params: Params, paper: Paper, results: Path, scores: Scores) -> dict[str, TidyRows]:
    """Name of a file without suffix -> tidy rows, of all tables in both ways of choosing frames."""
    return {
        f"{name}{version}": TABLES[table.kind].rows(
            ShownTable(params, paper, table, results, scores, common=version == COMMON_FRAMES)
        )
        for name, table in paper.tables.items()
        for version in versions(table)
    }
