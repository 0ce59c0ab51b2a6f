"""Any user's own multitracks: a folder of songs with one file per stem, in any format that ffmpeg reads.

The class of a file comes from patterns on its name (``corpora.<name>.files``), matched without regard to case, first
match wins; a file that matches no pattern is accompaniment. Stems may differ in rate, channels and length.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection
from pathlib import Path

from reprosep.audio.io import SOUND_SUFFIXES
from reprosep.base.errors import UserError
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
    folders = [path for path in sorted(folder.iterdir()) if path.is_dir() and _sounds(path)]
    songs = [_song(path, files, path.name not in ignored) for path in folders]
    if not songs:
        raise UserError(f"{folder}: no song in it; expected one folder per song with one sound file per stem")
    return songs


def _sounds(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SOUND_SUFFIXES)


def _song(folder: Path, files: dict[str, list[str]], wanted: bool) -> Song:
    stems = []
    for path in _sounds(folder):
        target = _target(path, files)
        if target != LEFT_OUT:
            stems.append(Stem(path.name, str(path), target or "unmapped", target))
    if wanted and not any(stem.target for stem in stems):
        patterns = ", ".join(pattern for group in files.values() for pattern in group)
        raise UserError(f"{folder}: none of its files matches a class; files of this corpus match {patterns}")
    return Song(folder.name, folder.name, "", stems)


def _target(path: Path, files: dict[str, list[str]]) -> str:
    for target, patterns in files.items():
        for pattern in patterns:
            if fnmatch.fnmatch(path.name.casefold(), pattern.casefold()):
                return target
    return ""
