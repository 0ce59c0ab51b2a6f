"""Any user's own multitracks: a folder of songs with one file per stem, in any format that ffmpeg reads.

The class of a file comes from patterns on its name (``corpora.<name>.files``), matched without regard to case, first
match wins; a file that matches no pattern is accompaniment. Stems may differ in rate, channels and length.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection
from pathlib import Path

from reprosep.audio.listing import refuse_no_files, sounds_of
from reprosep.base.errors import UserError
from reprosep.base.listing import HIDDEN, LeftOut, below, composed, entries, folders_in
from reprosep.corpora.layout import Song, Stem

LEFT_OUT = "ignore"  # class name of files that are no stem, e.g. masters and mixes


def read_songs(root: str, files: dict[str, list[str]], ignored: Collection[str] = ()) -> list[Song]:
    """Songs of a folder, one sub-folder each; those whose names are `ignored` need not hold any class.

    Raises
    ------
    UserError
        When the folder is missing, holds no song, or no file of a song matches a class.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name the folder that holds one folder per song in corpora.*.roots")
    folders = {path: sounds for path in folders_in(folder) if (sounds := _sounds(path))}
    unwanted = {composed(name) for name in ignored}
    songs = [_song(path, sounds, files, composed(path.name) not in unwanted) for path, sounds in folders.items()]
    if not songs:
        raise UserError(f"{folder}: no song in it; expected one folder per song with one sound file per stem")
    return songs


def left_out_files(root: Path) -> list[LeftOut]:
    """What lies in a root and is in no song: sound files beside the songs, folders without any, odd files."""
    top = entries(root)
    left_out = [one for one in top.left_out if one.reason != HIDDEN]
    left_out += [LeftOut(path, "a sound file in no song's folder") for path in sounds_of(top.files).files]
    for folder in top.folders:
        inside = entries(folder)
        found = sounds_of(inside.files)
        left_out += [*(one for one in inside.left_out if one.reason != HIDDEN), *found.left_out]
        nested = [path for path in inside.folders if sounds_of(below(path).files).files]
        left_out += [LeftOut(path, "a folder of sound files in a song's folder") for path in nested]
        if not found.files and not found.left_out:
            left_out.append(LeftOut(folder, "a folder without a sound file in it"))
    return left_out


def _sounds(folder: Path) -> list[Path]:
    listing = entries(folder)
    files = sounds_of(listing.files).files
    refuse_no_files(listing, files)
    return files


def _song(folder: Path, sounds: list[Path], files: dict[str, list[str]], wanted: bool) -> Song:
    stems = []
    for path in sounds:
        target = _target(path, files)
        if target != LEFT_OUT:
            stems.append(Stem(path.name, str(path), target or "unmapped", target))
    if wanted and not any(stem.target for stem in stems):
        patterns = ", ".join(pattern for group in files.values() for pattern in group)
        raise UserError(f"{folder}: none of its files matches a class; files of this corpus match {patterns}")
    return Song(folder.name, folder.name, "", stems)


def _target(path: Path, files: dict[str, list[str]]) -> str:
    name = composed(path.name).casefold()
    for target, patterns in files.items():
        if any(fnmatch.fnmatchcase(name, composed(pattern).casefold()) for pattern in patterns):
            return target
    return ""
