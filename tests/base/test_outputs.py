"""Places to write to are looked at first: nothing is written over what is read, or where nothing can be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from reprosep.base import outputs
from reprosep.base.errors import UserError
from reprosep.base.outputs import check_files, check_folder, refuse_inputs


@pytest.fixture
def song(tmp_path: Path) -> Path:
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "song.wav").write_bytes(b"sound")
    return tmp_path / "songs" / "song.wav"


def test_a_file_is_not_written_over_itself_whatever_it_is_called(song: Path, tmp_path: Path) -> None:
    (tmp_path / "link.wav").symlink_to(song)
    (tmp_path / "hard.wav").hardlink_to(song)
    (tmp_path / "folder").symlink_to(song.parent)
    for name in ("songs/song.wav", "link.wav", "hard.wav", "folder/song.wav", "songs/../songs/song.wav"):
        with pytest.raises(UserError, match=r"which this command reads.*choose another place"):
            check_files([tmp_path / name], [song])
    check_files([song.with_name("song_vocals.wav"), tmp_path / "new" / "song.wav"], [song])


def test_nothing_is_written_into_a_folder_that_is_read(song: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(song.parent)
    for name in ("songs", "songs/new/more", "link/new"):
        with pytest.raises(UserError, match="which this command reads"):
            check_folder(tmp_path / name, [tmp_path / "songs"])
        with pytest.raises(UserError, match="which this command reads"):
            refuse_inputs([tmp_path / name / "a.csv"], [tmp_path / "link"])
    check_folder(tmp_path, [tmp_path / "songs"])
    check_folder(tmp_path / "songs2", [tmp_path / "songs", tmp_path / "missing"])


def test_kinds_of_places(song: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nothing").symlink_to(tmp_path / "missing" / "file")
    for place, words in (
        (song.parent, "is a folder, expected the name of a file"),
        (Path("/dev/null"), "is a device or a pipe"),
        (tmp_path / "pipe", "is a device or a pipe"),
        (song / "out.wav", "a part of its path is a file"),
        (tmp_path / ("a" * 300 + ".wav"), "the name is longer"),
    ):
        with pytest.raises(UserError, match=words):
            check_files([place])
    with pytest.raises(UserError, match="cannot be written"):
        check_folder(Path("/proc/new"))
    for place, words in ((song, "is a file, expected a folder"), (song / "out", "a part of its path is a file")):
        with pytest.raises(UserError, match=words):
            check_folder(place)
    check_folder(tmp_path / "not" / "there")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nothing", "pipe", "songs"]


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(outputs.tempfile, "TemporaryFile", refuse)
    with pytest.raises(UserError, match="cannot be written"):
        check_files([tmp_path / "a.wav"])
