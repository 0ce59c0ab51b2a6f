"""A catalog that is none of this version's is told before anything is computed from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from conftest import Answer, Line
from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.corpora.catalog_table import read_catalog


@pytest.fixture
def path(prepared: Line, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(prepared.results / "musdb" / "catalog.parquet", tmp_path / "catalog.parquet"))


def test_a_catalog_is_read(path: Path) -> None:
    pd.testing.assert_frame_equal(read_catalog(path), pd.read_parquet(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.drop(columns="path"), "no column 'path'"),
        (lambda table: table.assign(path=1), "column 'path' holds int64, e.g. 1"),
        (lambda table: table.assign(path=None), "column 'path' holds object, e.g. None"),
        (lambda table: table.assign(samples="x"), "column 'samples' holds str, e.g. x"),
        (lambda table: table.assign(samples=-1), "column 'samples' holds int64, e.g. -1"),
        (lambda table: table.assign(stream=1.5), "column 'stream' holds float64"),
        (lambda table: table.assign(seconds=float("nan")), "column 'seconds' holds float64"),
        (lambda table: table.assign(bleed="no"), "column 'bleed' holds str, e.g. no"),
        (lambda table: pd.DataFrame({"a": [1]}), "no column 'song'"),
    ],
)
def test_another_table_is_one_sentence(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], words: str) -> None:
    write_table(path, change(pd.read_parquet(path)))
    with pytest.raises(UserError, match="delete it and run the step catalog again") as told:
        read_catalog(path)
    assert words in str(told.value)


def test_the_store_of_a_foreign_catalog(line: Callable[..., Line], reprosep: Callable[..., Answer]) -> None:
    made = line("musdb")
    (made.results / "musdb").mkdir(parents=True)
    write_table(made.results / "musdb" / "catalog.parquet", pd.DataFrame({"song": ["a"], "stem": ["b"]}))
    assert "no column 'artist'" in reprosep("store", "musdb").sentence()
    assert not (made.results / "musdb" / "audio").exists()
