"""What is in folders of users: hidden files, links, loops, what is no file, and names."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from reprosep.audio.listing import refuse_no_files, sounds_of
from reprosep.base.errors import UserError
from reprosep.base.listing import HIDDEN, LOOP, below, composed, displayed, entries, is_hidden


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    "name",
    (
        *(".@__thumb", "@eaDir", "._vocals.wav", ".DS_Store", "Thumbs.db", "__MACOSX", "desktop.ini", "$RECYCLE.BIN"),
        *("lost+found", ".Trash-1000", "#recycle", "System Volume Information", ".git"),
    ),
)
def test_what_systems_put_there_is_hidden(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["...Baby One More Time", "vocals.wav", "#1 Crush", "$ave Me", "@ the Disco"])
def test_titles_are_not_hidden(name: str) -> None:
    assert not is_hidden(name)


def test_linked_folders_are_entered_and_loops_are_told(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/S/vocals.wav")
    root = tmp_path / "root"
    root.mkdir()
    (root / "T").symlink_to(tmp_path / "elsewhere" / "S")
    (root / "U").symlink_to(tmp_path / "elsewhere" / "S")
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    found = below(root)
    assert [path.relative_to(root).as_posix() for path in found.files] == ["T/vocals.wav", "U/vocals.wav"]
    assert {one.path.name: one.reason for one in found.left_out} == {
        "loop": LOOP,
        "self": "a link that leads back to itself",
    }


def test_links_among_links_come_to_an_end(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()
        for name in "ab":
            (tmp_path / f"d{number}" / name).symlink_to(tmp_path / f"d{number + 1}")
    put(tmp_path, "d30/x.wav")
    found = below(tmp_path / "d0")
    assert 0 < len(found.files) <= 64
    assert any("ways" in one.reason for one in found.left_out)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "device.wav").symlink_to("/dev/null")
    (tmp_path / "nothing.wav").symlink_to(tmp_path / "none")
    put(tmp_path, ".hidden")
    told = {one.path.name: one.reason for one in entries(tmp_path).left_out}
    assert told == {
        "pipe.wav": "a pipe, not a file",
        "device.wav": "a device, not a file",
        "nothing.wav": "a link to nothing",
        ".hidden": HIDDEN,
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    (told,) = below(tmp_path).left_out
    assert "cannot be read" in told.reason


def test_texts_are_passed_over_and_other_suffixes_told(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "b.CAF", "c.xyz", "notes.txt", "LICENSE")
    found = sounds_of(entries(tmp_path).files)
    assert [path.name for path in found.files] == ["a.wav", "b.CAF"]
    assert [(one.path.name, one.reason) for one in found.left_out] == [("c.xyz", "no sound file by its suffix .xyz")]


def test_a_folder_in_a_sound_files_place_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "Song.mp3/vocals.wav")  # a song whose folder is named so is none
    listing = below(tmp_path)
    refuse_no_files(listing, sounds_of(listing.files).files)
    (tmp_path / "Song.mp3" / "bass.wav").mkdir()
    listing = below(tmp_path)
    with pytest.raises(UserError, match=r"bass\.wav: a folder, expected a sound file"):
        refuse_no_files(listing, sounds_of(listing.files).files)


def test_names_are_compared_composed_and_shown_whole() -> None:
    assert composed(unicodedata.normalize("NFD", "Beyoncé")) == "Beyoncé"
    assert displayed(os.fsdecode(b"Caf\xe9 \x1b[2J\n")) == r"Caf\xe9 \x1b[2J\n"
    assert displayed("Für Elise – 100 %") == "Für Elise – 100 %"


def test_folders_deeper_than_paths_reach_are_told(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(25):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(before)
    found = below(tmp_path)
    assert len(found.folders) < 25
    assert [one.reason for one in found.left_out] == ["not to be read (File name too long)"]
    shutil.rmtree(tmp_path / ("d" * 200))  # other tests look through the folders beside theirs
