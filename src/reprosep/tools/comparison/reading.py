"""What is compared: the cells of finished results, and those that were published."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.csv_text import csv_text
from reprosep.base.errors import UserError
from reprosep.papers.content import Paper
from reprosep.report.parameters import RECORD, read_record
from reprosep.report.publish import PUBLISHED, cells_file
from reprosep.results.cells import ALL_SEEDS, COLUMNS, KEYS, NO_SEED, compared, is_cell
from reprosep.results.reads import COMMON_FRAMES
from reprosep.results.tidy import LEFT_OUT

_TIDY = ["row", "column", "metric", "reproduced", "songs"]


@dataclass(frozen=True)
class Results:
    """Cells of one paper and what they were computed with.

    `cells` has the columns of :data:`reprosep.results.cells.KEYS`, value and songs; of published results also seed.
    `left_out` are the cells (table, row, column) that the scale leaves out for want of a corpus, with what they need.
    """

    record: dict[str, Any]
    cells: pd.DataFrame
    left_out: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def without(self, cells: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
        """Published cells without those that are left out here, and of these how many need what."""
        whole = self.record.get("left_out", {})
        tables = cells["table"].str.removesuffix(COMMON_FRAMES)
        keys = zip(tables, cells["row"], cells["column"], strict=True)
        lacking = pd.Series([whole.get(key[0]) or self.left_out.get(key) for key in keys], cells.index, dtype=object)
        named = cells.assign(needs=lacking)[lacking.notna()].drop_duplicates(KEYS)
        return cells[lacking.isna()], {str(need): int(count) for need, count in named["needs"].value_counts().items()}

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
    tables, left_out = [], dict[tuple[str, str, str], str]()
    for name in compared(paper):
        path = folder / f"{name}.csv"
        if path.is_file():
            table = _read(path, _TIDY, ["reproduced", "songs"], remedy, LEFT_OUT)
            table = table.rename(columns={"reproduced": "value"})
            cells = [is_cell(paper, name, metric) for metric in table["metric"]]
            table = table.assign(table=name).loc[np.array(cells, dtype=bool)]
            for row in table[table[LEFT_OUT] != ""].to_dict("records"):
                left_out[name, row["row"], row["column"]] = row[LEFT_OUT]
            tables.append(table[table[LEFT_OUT] == ""].drop(columns=LEFT_OUT))
    if not tables:
        raise UserError(f"{folder}: no tables in it; {remedy}")
    return Results(record, pd.concat(tables, ignore_index=True), left_out)


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


def _read(
    path: Path, columns: Sequence[str], numbers: Sequence[str], remedy: str, optional: str | None = None
) -> pd.DataFrame:
    """The named columns of a CSV file, those of numbers as such and blank as NaN; an optional one may be missing."""
    table = pd.read_csv(io.StringIO(csv_text(path, remedy)), dtype=str, keep_default_na=False)
    for column in columns:
        if column not in table.columns:
            raise UserError(f"{path}: no column '{column}'; {remedy}")
    table = table.reindex(columns=[*columns, *([optional] if optional else [])], fill_value="")
    for column in numbers:
        values = pd.to_numeric(table[column], errors="coerce")
        if (wrong := table[column][values.isna() & ~table[column].isin(["", "nan"])]).size:
            raise UserError(f"{path}: '{wrong.iloc[0]}' in column '{column}', expected a number; {remedy}")
        table[column] = values
    return table
