"""Tidy CSV files of tables, figures and claims: one value per line, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.csv_text import csv_text
from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.results.aggregate import Summary

TIDY = ["row", "column", "metric", "published", "reproduced", "ci_low", "ci_high", "songs", "corpus"]
LEFT_OUT = "left_out"
"""A last column, only where a scale leaves out a row for want of a corpus: what it needs."""

DECIMALS = 4
NUMBERS = {"published", "reproduced", "ci_low", "ci_high", "songs", "gain", "tolerance", "difference", "uncertainty"}
NUMBERS |= {"frames", "margin", "effect", "p_value", "p_adjusted", "songs_left_out", "seeds", "effect_common_frames"}
NUMBERS |= {"p_common_frames", "effect_in_table", "published_effect"}
TRUTHS = {"standin", "same_frames", "ill_posed"}
_REMEDY = "delete it and run the step again"
TidyRows = list[dict[str, Any]]


def tidy_row(
    row: str, column: str, metric: str, published: float | None, summary: Summary, corpus: str
) -> dict[str, Any]:
    """One line of a tidy table or figure."""
    values = (row, column, metric, published, summary.value, summary.low, summary.high, summary.songs, corpus)
    return dict(zip(TIDY, values, strict=True))


def read_tidy(path: Path, columns: Sequence[str], remedy: str = _REMEDY) -> pd.DataFrame:
    """A table that :func:`write_tidy` wrote and that has at least these columns, blank as NaN.

    Raises
    ------
    UserError
        When the file is missing, cut, or another: without a column, or with a word where a number is meant.
    """
    text = csv_text(path, remedy)
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
    if missing := [column for column in columns if column not in table.columns]:
        raise UserError(f"{path}: no column '{missing[0]}'; {remedy}")
    for column in NUMBERS.intersection(columns):
        values = table[column].dropna()
        if (wrong := values[pd.to_numeric(values, errors="coerce").isna()]).size:
            raise UserError(f"{path}: '{wrong.iloc[0]}' in column '{column}', expected a number; {remedy}")
    for column in TRUTHS.intersection(columns):
        if (wrong := table[column][~table[column].isin([True, False])]).size:
            raise UserError(f"{path}: '{wrong.iloc[0]}' in column '{column}', expected True or False; {remedy}")
    return table


def write_tidy(path: Path, rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = TIDY) -> None:
    """Write rows as CSV: four decimals (p-values: three digits), blank where there is none; same rows, same bytes."""
    table = pd.DataFrame.from_records(list(rows), columns=list(columns))
    for column in table.columns:
        if column == "songs":
            table[column] = table[column].astype("Int64")
        elif column == "p_value":
            table[column] = [value if pd.isna(value) else float(f"{value:.3g}") for value in table[column]]
        elif _is_number(table[column]):
            # Adding zero turns -0.0 into 0.0.
            table[column] = pd.to_numeric(table[column]).astype(float).round(DECIMALS) + 0.0
    table = table.replace([np.inf, -np.inf], np.nan)
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def columns_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = TIDY) -> list[str]:
    """The columns of some rows: with :data:`LEFT_OUT` where one is left out."""
    return [*columns, *([LEFT_OUT] if any(row.get(LEFT_OUT) for row in rows) else [])]


def computed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a tidy table that are not left out."""
    return table[table[LEFT_OUT].isna()] if LEFT_OUT in table.columns else table


def _is_number(column: pd.Series) -> bool:
    values = [value for value in column if value is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
