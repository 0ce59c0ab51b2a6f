"""Which files are read meanwhile: those that pandas is asked for as parquet, and those that Python itself opens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd

_WATCHED: list[tuple[Path, set[str]]] = []
_READ_PARQUET = pd.read_parquet


def _note(path: Any) -> None:
    for folder, read in _WATCHED:
        if isinstance(path, str | Path) and Path(path).is_relative_to(folder) and Path(path).is_file():
            read.add(Path(path).relative_to(folder).as_posix())


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _WATCHED and str(arguments[1]).startswith("r"):
        _note(arguments[0])


sys.addaudithook(_hook)  # for good; outside of `files_read` it does nothing


def _read_parquet(path: Any, *arguments: Any, **named: Any) -> pd.DataFrame:
    _note(path)
    return _READ_PARQUET(path, *arguments, **named)


@contextmanager
def files_read(folder: Path) -> Iterator[set[str]]:
    """The names, below a folder, of the files that are read in this context."""
    read: set[str] = set()
    _WATCHED.append((folder, read))
    try:
        with patch.object(pd, "read_parquet", _read_parquet):
            yield read
    finally:
        _WATCHED.pop()


def planned(read: set[str]) -> set[str]:
    """The same as rules plan it: an excerpt's spectrograms by the index that tells their content."""
    return {str(Path(name).with_name("index.json")) if "/listen/" in name else name for name in read}
