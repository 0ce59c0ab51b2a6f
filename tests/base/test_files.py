"""Files are whole or absent."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from reprosep.base.errors import UserError
from reprosep.base.files import (
    digest,
    fitting,
    read_json,
    sha256,
    slug,
    whole_file,
    whole_folder,
    write_json,
)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with whole_file(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".txt"
    assert path.read_text() == "half"
    assert [item.name for item in path.parent.iterdir()] == ["a.txt"]


def test_an_interrupted_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_text("new")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_replaces_the_old_one_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "listen"
    for name in ("one", "two"):
        with whole_folder(path) as temporary:
            (temporary / name).write_text(name)
    assert [item.name for item in path.iterdir()] == ["two"]
    with pytest.raises(ValueError, match="broken"), whole_folder(path):
        raise ValueError("broken")
    assert [item.name for item in tmp_path.rglob("*")] == ["listen", "two"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "cannot be written .* make the folder"),
        (errno.EACCES, "cannot be written"),
    ],
)
@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_refusals_are_told(tmp_path: Path, code: int, words: str, whole: object) -> None:
    with pytest.raises(UserError, match=words), whole(tmp_path / "a"):  # type: ignore[operator]
        raise OSError(code, os.strerror(code))


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), whole_file(tmp_path / "a"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_json_comes_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1, None, "ü"]})
    assert read_json(tmp_path / "a.json") == {"b": [1, None, "ü"]}


def test_checksums(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Artist - Title", "Artist-Title"), ("a/b\\c:d", "a-b-c-d"), ("..", "unnamed"), ("x.y", "x.y")],
)
def test_names_that_every_file_system_takes(text: str, expected: str) -> None:
    assert slug(text).startswith(expected)


@pytest.mark.parametrize(
    ("one", "other"), [("Song (1)", "Song 1"), ("東京", "大阪"), ("Café", "Caf"), ("a b", "a-b"), ("Élan", "Ólan")]
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert slug(one) != slug(other)


def test_names_are_not_too_long_for_a_file_system() -> None:
    assert len(slug("long name " * 50)) <= 100
    assert slug("long name " * 50) != slug("long name " * 51)


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "é" * 127, "Song. " + "y" * 249, "." + "z" * 254])
def test_names_as_long_as_the_file_system_takes(tmp_path: Path, name: str) -> None:
    with whole_file(tmp_path / name) as temporary:
        temporary.write_text("la")
    with whole_folder(tmp_path / f"a{name[1:]}") as folder:
        (folder / "file").touch()
    assert {path.name for path in tmp_path.iterdir()} == {name, f"a{name[1:]}"}


def test_a_name_that_is_too_long_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="longer than file systems take"), whole_file(tmp_path / ("x" * 256)):
        pytest.fail("the work began")
    assert not list(tmp_path.iterdir())


def test_a_name_is_cut_where_its_suffix_has_no_room() -> None:
    assert fitting("Song", ".json") == "Song.json"
    assert fitting("x" * 250, ".json") == "x" * 250 + ".json"
    first, second = fitting("é" * 127, ".json"), fitting("é" * 126 + "e", ".json")
    assert first != second
    assert max(len(name.encode()) for name in (first, second)) <= 255


@pytest.mark.parametrize("name", ["a.txt", "folder", "Live: [x] 50 %.wav"])
def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path: Path, name: str) -> None:
    """A file's and a folder's, not those of others, and not those that somebody is at work on."""
    path, whole = tmp_path / name, whole_folder if name == "folder" else whole_file
    with whole(path) as temporary:
        left = tmp_path / temporary.name.replace(temporary.name.split(".")[2], "abcd_123")
        other = tmp_path / f".other.abcd_123{path.suffix}"
    for item in (left, other):
        item.mkdir() if name == "folder" else item.touch()
        os.utime(item, (1, 1))
    with whole(path) as first:
        assert not left.exists()
        os.utime(first, (1, 1))
        with whole(path) as second:
            assert first.exists() and first != second
    assert {item.name for item in tmp_path.iterdir()} == {name, other.name}
