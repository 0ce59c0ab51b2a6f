"""Checksums inside files: what was changed is not read, and what was seen whole is not hashed again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reprosep.audio.arrays import load_array, load_arrays, save_array, save_arrays
from reprosep.audio.store import read_table, write_table
from reprosep.base import seal
from reprosep.base.errors import UserError
from reprosep.training.checkpoint import BEST, STATE, load_state, load_weights, packed, save_weights, write_state

MODEL = torch.nn.Linear(4, 3)
TABLE = pd.DataFrame({"song": ["a", "b"], "SDR": [1.5, np.nan], "frame": [0, 1]})


def read_state(path: Path) -> object:
    state = load_state(path.parent, "recipe")
    if state is None:
        raise UserError("starts anew")
    return state


CONTENT = {"recipe": "recipe", "best_epoch": 0, "model": MODEL.state_dict()}

WRITERS: dict[str, Callable[[Path], None]] = {
    "array.npy": lambda path: save_array(path, np.arange(24, dtype=np.int16).reshape(2, 6, 2)),
    "arrays.npz": lambda path: save_arrays(path, {"x": np.arange(5), "name": np.array("song")}),
    "table.parquet": lambda path: write_table(path, TABLE),
    BEST: lambda path: save_weights(path, MODEL),
    STATE: lambda path: write_state(path.parent, packed(CONTENT)),
}
READERS: dict[str, Callable[[Path], object]] = {
    "array.npy": load_array,
    "arrays.npz": load_arrays,
    "table.parquet": read_table,
    BEST: lambda path: load_weights(path, MODEL),
    STATE: read_state,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    for name, write in WRITERS.items():
        write(folder / name)
    return folder


@pytest.mark.parametrize("name", WRITERS)
def test_what_was_written_is_read(written: Path, name: str) -> None:
    READERS[name](written / name)


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_content_is_the_same_file(written: Path, tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_can_be_another(written: Path, name: str, place: float, bit: int) -> None:
    content = bytearray((written / name).read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    damaged = written / f"damaged-{bit}" / name
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(content)
    with pytest.raises(UserError):
        READERS[name](damaged)


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_nothing_may_be_cut_off(written: Path, name: str, share: float) -> None:
    content = (written / name).read_bytes()
    damaged = written / "cut" / name
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError):
        READERS[name](damaged)


def test_other_readers_read_it(written: Path) -> None:
    assert np.array_equal(np.load(written / "array.npy"), load_array(written / "array.npy"))
    assert np.load(written / "array.npy", mmap_mode="r").offset % 64 == 0
    pd.testing.assert_frame_equal(pd.read_parquet(written / "table.parquet"), TABLE)
    with np.load(written / "arrays.npz") as arrays:
        assert arrays["x"].tolist() == [0, 1, 2, 3, 4]
    assert torch.load(written / STATE, weights_only=True)["recipe"] == "recipe"


def test_the_sentence_names_file_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    save_array(path, np.zeros(4))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=r"array\.npy: damaged, its content does not fit its checksum; run the same"):
        load_array(path)


def test_a_table_of_others_is_no_table_of_ours(tmp_path: Path) -> None:
    TABLE.to_parquet(tmp_path / "foreign.parquet")
    with pytest.raises(UserError, match="it carries no checksum"):
        read_table(tmp_path / "foreign.parquet")


@pytest.fixture
def noting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, where what was seen is noted, and a file in it."""
    monkeypatch.chdir(tmp_path)
    Path(".snakemake/reprosep").mkdir(parents=True)
    seal._noted.cache_clear()
    save_array(tmp_path / "array.npy", np.zeros(9))
    yield tmp_path / "array.npy"
    seal._noted.cache_clear()


def hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that are hashed from now on."""
    seen: list[Path] = []
    whole = seal.require_whole

    def spied(path: Path) -> None:
        seen.append(path)
        whole(path)

    monkeypatch.setattr(seal, "require_whole", spied)
    return seen


def test_a_file_is_hashed_once_also_by_other_processes(noting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hashes(monkeypatch)
    load_array(noting)
    assert hashed == []  # its writer sealed it
    shutil.copy(noting, noting.with_suffix(".copy"))
    noting.with_suffix(".copy").replace(noting)
    for _ in range(3):
        load_array(noting)
        seal._noted.cache_clear()
    assert hashed == [noting]


def test_a_change_behind_an_old_date_is_seen(noting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_array(noting)
    before = noting.stat()
    with open(noting, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    os.utime(noting, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(UserError, match="damaged"):
        load_array(noting)


def test_what_is_forgotten_is_hashed_again(noting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_array(noting)
    hashed = hashes(monkeypatch)
    seal.forget(noting)
    seal._noted.cache_clear()
    load_array(noting)
    assert hashed == [noting]


def test_notes_that_are_garbled_count_for_nothing(noting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_array(noting)
    notes = Path(".snakemake/reprosep/checked")
    notes.write_bytes(b"\xff\x00" + notes.read_bytes()[3:])
    seal._noted.cache_clear()
    hashed = hashes(monkeypatch)
    load_array(noting)
    assert hashed == [noting]


def test_recordings_are_held_to_what_was_recorded(noting: Path) -> None:
    wanted = seal.sha256(noting)
    seal.check_bytes(noting, wanted)
    with pytest.raises(UserError, match=r"its SHA-256 is .*, 000000000000… was recorded"):
        seal.check_bytes(noting, "0" * 64)
    copy = Path(shutil.copy(noting, "copy.npy"))
    copy.write_bytes(copy.read_bytes() + b"x")
    with pytest.raises(UserError, match="damaged"):
        seal.check_bytes(copy, wanted)
