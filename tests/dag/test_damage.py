"""Damaged files of a scale are found before the plan is made, and what made them runs again."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from snakemake.persistence import MetadataRecord
from snakemake.persistence.file import FilePersistence

from reprosep.audio.arrays import save_array
from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.base.files import write_json
from reprosep.base.project import read_yaml, repository
from reprosep.base.seal import sha256
from reprosep.dag.damage import mark_damaged, verify
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

RESULTS = Path("results/smoke")
INDEX, SONG = RESULTS / "mm/audio/index.parquet", RESULTS / "mm/audio/song.npy"


def made(path: Path) -> None:
    """What Snakemake notes of an output."""
    record = MetadataRecord(rule="store", record_format_version=6, endtime=path.stat().st_mtime)
    FilePersistence()._write_record(str(path), record)


def marked(path: Path) -> bool:
    return bool(FilePersistence()._filter_incomplete_keys([str(path)]))


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A scale with an index, an array beside it, and a recording of a stand-in."""
    content = merge(*(read_yaml(repository() / name) for name in ("params.yaml", "workflow/scales/smoke.yaml")))
    monkeypatch.chdir(tmp_path)
    params = parse(content)
    SONG.parent.mkdir(parents=True)
    write_table(INDEX, pd.DataFrame({"song": ["song"], "file": ["song.npy"]}))
    save_array(SONG, np.arange(9))
    made(INDEX)
    recording = recording_of(params)
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"sound")
    files = {recording.name: sha256(recording)}
    write_json(recording.parents[1] / ".recipes/song.json", {"recipe": "", "folder": "song", "files": files})
    write_json(RESULTS / "mm/recordings.json", {})
    return params


def recording_of(params: Params) -> Path:
    return Path(params.corpora["mm"].roots[0]) / "song/voice.wav"


def test_what_is_whole_is_left_alone(params: Params) -> None:
    assert mark_damaged(params) == []
    assert not marked(INDEX)


def test_a_damaged_output_is_made_anew(params: Params) -> None:
    damage(INDEX)
    assert mark_damaged(params) == [f"{INDEX}: damaged, its content does not fit its checksum"]
    assert marked(INDEX)


def test_the_output_that_stands_for_a_damaged_file_is_made_anew(params: Params) -> None:
    damage(SONG)
    assert mark_damaged(params) == [f"{SONG}: damaged, its content does not fit its checksum"]
    assert marked(INDEX)


def test_a_damaged_recording_of_a_stand_in_is_made_anew(params: Params) -> None:
    damage(recording_of(params))
    (sentence,) = mark_damaged(params)
    assert sentence.startswith(f"{recording_of(params)}: damaged, its SHA-256 is")
    assert marked(RESULTS / "mm/recordings.json")


def test_damage_behind_an_old_date_gets_a_new_one(params: Params) -> None:
    """DVC hashes again what has another date."""
    mark_damaged(params)
    before = SONG.stat()
    damage(SONG)
    os.utime(SONG, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert mark_damaged(params)
    assert SONG.stat().st_mtime_ns != before.st_mtime_ns


def test_a_changed_table_is_made_anew(params: Params) -> None:
    """It has no place for a checksum; that of the first plan after its job holds."""
    table = RESULTS / "papers/iass/table-1.csv"
    table.parent.mkdir(parents=True)
    table.write_text("a,b\n1,2\n")
    made(table)
    assert mark_damaged(params) == []
    table.write_text("a,b\n1,3\n")
    assert mark_damaged(params) == [f"{table}: damaged, its content is another than a job of Snakemake wrote"]
    assert marked(table)


def test_a_table_that_a_job_writes_again_is_whole(params: Params) -> None:
    table = RESULTS / "papers/iass/table-1.csv"
    table.parent.mkdir(parents=True)
    for content in ("1\n", "2\n"):
        table.write_text(content)
        made(table)
        assert mark_damaged(params) == []


def test_a_table_with_another_date_is_whole(params: Params) -> None:
    table = RESULTS / "papers/iass/table-1.csv"
    table.parent.mkdir(parents=True)
    table.write_text("1\n")
    made(table)
    mark_damaged(params)
    os.utime(table, (1, 1))
    assert mark_damaged(params) == []


def test_results_from_before_there_were_checksums_are_one_sentence(params: Params) -> None:
    np.save(SONG, np.arange(9))
    pd.DataFrame({"a": [1]}).to_parquet(INDEX)
    assert mark_damaged(params) == [f"{RESULTS}: 2 files carry no checksum"]
    assert marked(INDEX)


def test_dates_of_recordings_are_left_alone(params: Params) -> None:
    recording = recording_of(params)
    damage(recording)
    before = recording.stat().st_mtime_ns
    assert mark_damaged(params)
    assert recording.stat().st_mtime_ns == before


def test_verify_counts_and_names(params: Params) -> None:
    assert verify(params, 2) == (4, [])
    damage(SONG)
    recording_of(params).unlink()
    count, sentences = verify(params, 2)
    assert count == 4
    assert [sentence.split(":")[0] for sentence in sentences] == [str(recording_of(params)), str(SONG)]


def test_verify_of_nothing_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = parse(read_yaml(repository() / "params.yaml"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="nothing to verify"):
        verify(params, 1)
