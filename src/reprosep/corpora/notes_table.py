"""The notes of a corpus as two tables: of which stems they are known, and the notes; checked wherever they are read.

``notes/index.parquet`` has one row per stem of the catalog: song, stem, split, target, origin (*midi*, *composed* or
*annotated*; '' where nothing tells its notes) and how many notes there are. ``notes/notes.parquet`` has one row per
note: song, stem, pitch (MIDI's number), start and end in seconds.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError

INDEX = ["song", "stem", "split", "target", "origin", "notes"]
NOTES = ["song", "stem", "pitch", "start", "end"]


def read_notes_tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(stems, notes) of a corpus's folder ``notes/``; :class:`UserError` when one is missing, broken or foreign."""
    return _read(folder / "index.parquet", INDEX), _read(folder / "notes.parquet", NOTES)


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    table = read_table(path)
    if missing := [name for name in columns if name not in table.columns]:
        raise UserError(f"{path}: no column '{missing[0]}'; delete {path.parent} and run the step notes again")
    return table
