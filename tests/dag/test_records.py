"""Snakemake's records kept with the files and given back to it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from snakemake.persistence import MetadataRecord
from snakemake.persistence.file import FilePersistence

from reprosep.base.errors import UserError
from reprosep.dag.versions.records import forget_others, keep, restore
from reprosep.dag.versions.stage import Stage, records_file

RESULTS = Path("results/tiny")
INDEX, SONG = RESULTS / "audio/index.parquet", RESULTS / "audio/song.npy"
STAGE = Stage("store", "", (str(INDEX),), (), (str(RESULTS / "audio"),), records=str(RESULTS / "records/store.json"))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which Snakemake made an index with an array beside it, and the stage was recorded."""
    monkeypatch.chdir(tmp_path)
    SONG.parent.mkdir(parents=True)
    SONG.write_bytes(b"samples")
    make(b"index", "first")
    keep(STAGE)
    return tmp_path


def make(content: bytes, parameters: str) -> None:
    """What a job of Snakemake leaves behind."""
    INDEX.write_bytes(content)
    record = MetadataRecord(rule="store", params=[parameters], record_format_version=6, endtime=INDEX.stat().st_mtime)
    FilePersistence()._write_record(str(INDEX), record)


def record() -> MetadataRecord | None:
    return FilePersistence()._read_record(str(INDEX))


def is_marked() -> bool:
    return bool(FilePersistence()._filter_incomplete_keys([str(INDEX)]))


def pulled(folder: Path) -> None:
    """Results as DVC puts them into a clone: with other dates and without Snakemake's folder."""
    shutil.rmtree(folder / ".snakemake")
    for path in (INDEX, SONG):
        os.utime(path, (1e9, 1e9))


def test_a_clone_gets_the_records(kept: Path) -> None:
    pulled(kept)
    assert restore(RESULTS).given == [str(INDEX)]
    found = record()
    assert found and found.params == ["first"]
    assert found.endtime == INDEX.stat().st_mtime
    assert not restore(RESULTS).given, "a second look finds nothing to do"
    assert not is_marked()


def test_a_clone_keeps_the_same_records(kept: Path) -> None:
    """DVC runs what depends on them when they change: another date of the files alone is no reason."""
    before = Path(STAGE.records).read_text()
    pulled(kept)
    restore(RESULTS)
    keep(STAGE)
    assert Path(STAGE.records).read_text() == before


@pytest.mark.parametrize("where", [INDEX, SONG])
def test_what_was_altered_is_marked(kept: Path, where: Path) -> None:
    where.write_bytes(b"altered")
    restored = restore(RESULTS)
    assert restored.altered == [str(where)]
    assert is_marked()
    restored.take_away()
    assert SONG.exists() == (where == INDEX)


def test_a_missing_file_beside_an_output_is_noticed(kept: Path) -> None:
    SONG.unlink()
    assert restore(RESULTS).altered == [str(SONG)]
    assert is_marked()


def test_what_snakemake_made_since_is_left_alone(kept: Path) -> None:
    make(b"another index", "second")
    restored = restore(RESULTS)
    assert not restored.given and not restored.altered
    found = record()
    assert found and found.params == ["second"]
    assert not is_marked()


def test_the_same_content_made_otherwise_keeps_its_newer_record(kept: Path) -> None:
    make(b"index", "second")
    os.utime(INDEX, (2e9, 2e9))
    make_again = MetadataRecord(rule="store", params=["second"], record_format_version=6, endtime=2e9)
    FilePersistence()._write_record(str(INDEX), make_again)
    restore(RESULTS)
    found = record()
    assert found and found.params == ["second"]


def test_another_revision_brings_its_own_record(kept: Path) -> None:
    """The file is the same in both revisions, what made it is not."""
    older = Path(STAGE.records).read_text()
    os.utime(INDEX, (2e9, 2e9))
    newer = MetadataRecord(rule="store", params=["second"], record_format_version=6, endtime=2e9)
    FilePersistence()._write_record(str(INDEX), newer)
    keep(STAGE)
    Path(STAGE.records).write_text(older)  # as `dvc checkout` does
    restore(RESULTS)
    found = record()
    assert found and found.params == ["first"]


def test_broken_records_are_none(kept: Path) -> None:
    Path(STAGE.records).write_text("{")
    restored = restore(RESULTS)
    assert not restored.given and not restored.altered


def test_a_missing_file_is_one_sentence(kept: Path) -> None:
    shutil.rmtree(RESULTS / "audio")
    with pytest.raises(UserError, match="results/tiny/audio: no such file, so stage 'store' cannot be recorded"):
        keep(STAGE)


def test_records_of_other_stages_are_forgotten(kept: Path) -> None:
    older = Path(STAGE.records).with_name("store@mm.json")
    older.write_text("{}")
    forget_others([STAGE])
    assert [path.name for path in (kept / RESULTS / "records").iterdir()] == ["store.json"]


def test_records_are_named_so_that_any_file_system_takes_them() -> None:
    assert records_file("train@mm_vocals_iass_s42") == "train.mm_vocals_iass_s42.json"
    assert records_file("papers-iass") == "papers-iass.json"
