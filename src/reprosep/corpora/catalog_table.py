"""The catalog as a table: its columns and what they hold, checked wherever it is read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(value, str) for value in column)


def _is_count(column: pd.Series) -> bool:
    return is_integer_dtype(column) and bool((column >= 0).all())


_TEXT = ("song", "artist", "split", "stem", "instrument", "target", "path", "sha256")
_HELD: dict[str, Callable[[pd.Series], bool]] = {
    **dict.fromkeys(_TEXT, _is_text),
    **dict.fromkeys(("stream", "sample_rate", "channels", "samples"), _is_count),
    "seconds": lambda column: is_float_dtype(column) and bool(column.notna().all()),
    "bleed": is_bool_dtype,
}


def read_catalog(path: Path) -> pd.DataFrame:
    """A catalog; :class:`UserError` when the file is missing, broken, or no catalog of this version's."""
    table = read_table(path)
    for name, is_held in _HELD.items():
        if name not in table.columns:
            raise UserError(f"{path}: no column '{name}'; delete it and run the step catalog again")
        if not is_held(table[name]):
            shown = str(table[name].iloc[0])[:60] if len(table) else "nothing"
            raise UserError(
                f"{path}: column '{name}' holds {table[name].dtype}, e.g. {shown}, which no catalog does; delete it "
                "and run the step catalog again"
            )
    return table
