"""What is compared: the cells of finished results, and those that were published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.base.tables import read_csv
from reprosep.papers.content import Paper
from reprosep.report.parameters import RECORD, read_record
from reprosep.report.publish import PUBLISHED, cells_file
from reprosep.results.cells import ALL_SEEDS, COLUMNS, KEYS, NO_SEED, compared, is_cell

_TIDY = ["row", "column", "metric", "reproduced", "songs"]


@dataclass(frozen=True)
class Results:
    """Cells of one paper and what they were computed with.

    `cells` has the columns of :data:`reprosep.results.cells.KEYS`, value and songs; of published results also seed.
    """

    record: dict[str, Any]
    cells: pd.DataFrame

    @property
    def seeds(self) -> list[int]:
        """Their training seeds."""
        return list(self.record["seeds"])


def read_results(folder: Path, paper: Paper) -> Results:
    """The cells in the tables and figures of ``results/<scale>/papers/<paper>``; a file that is missing has none.

    Raises
    ------
    UserError
        When a file is malformed or it is not told what the results were computed with.
    """
    remedy = "make the tables anew with `reprosep reproduce`"
    record = read_record(folder / RECORD, remedy)
    tables = []
    for name in compared(paper):
        path = folder / f"{name}.csv"
        if path.is_file():
            table = _read(path, _TIDY, ["reproduced", "songs"], remedy).rename(columns={"reproduced": "value"})
            tables.append(table.assign(table=name)[[is_cell(paper, name, metric) for metric in table["metric"]]])
    if not tables:
        raise UserError(f"{folder}: no tables in it; {remedy}")
    return Results(record, pd.concat(tables, ignore_index=True))


def read_published(folder: Path, beside: list[str]) -> Results | None:
    """The cells in ``results-published/<scale>/<paper>``, computed beside those other papers; None where they were not.

    Raises
    ------
    UserError
        When a file is missing or malformed.
    """
    remedy = "bring it back with git, or publish the results anew with `reprosep publish`"
    record = read_record(folder / PUBLISHED, remedy)
    path = folder / cells_file(beside)
    if beside and not path.is_file():
        return None
    cells = _read(path, COLUMNS, ["value", "songs"], remedy)
    allowed = {NO_SEED, ALL_SEEDS, *map(str, record["seeds"])}
    if unknown := sorted(set(cells["seed"]) - allowed):
        raise UserError(f"{path}: a cell of seed '{unknown[0]}', which {PUBLISHED} does not name; {remedy}")
    if cells.duplicated([*KEYS, "seed"]).any():
        row = cells[cells.duplicated([*KEYS, "seed"])].iloc[0]
        raise UserError(f"{path}: the cell {row['table']}, {row['row']}, {row['column']} stands there twice; {remedy}")
    return Results(record, cells)


def _read(path: Path, columns: Sequence[str], numbers: Sequence[str], remedy: str) -> pd.DataFrame:
    """The named columns of a CSV file, those of numbers as such and blank as NaN."""
    table = read_csv(path, remedy, dtype=str, keep_default_na=False)
    for column in columns:
        if column not in table.columns:
            raise UserError(f"{path}: no column '{column}'; {remedy}")
    table = table[list(columns)].copy()
    for column in numbers:
        values = pd.to_numeric(table[column], errors="coerce")
        if (wrong := table[column][values.isna() & ~table[column].isin(["", "nan"])]).size:
            raise UserError(f"{path}: '{wrong.iloc[0]}' in column '{column}', expected a number; {remedy}")
        table[column] = values
    return table
