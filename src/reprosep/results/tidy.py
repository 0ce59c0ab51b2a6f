"""Tidy CSV files of tables, figures and claims: one value per line, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.files import whole_file
from reprosep.results.aggregate import Summary

TIDY = ["row", "column", "metric", "published", "reproduced", "ci_low", "ci_high", "songs", "corpus"]
DECIMALS = 4
TidyRows = list[dict[str, Any]]


def tidy_row(
    row: str, column: str, metric: str, published: float | None, summary: Summary, corpus: str
) -> dict[str, Any]:
    """One line of a tidy table or figure."""
    values = (row, column, metric, published, summary.value, summary.low, summary.high, summary.songs, corpus)
    return dict(zip(TIDY, values, strict=True))


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


def _is_number(column: pd.Series) -> bool:
    values = [value for value in column if value is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
