"""Which files of a folder are sound files: one rule by suffix, and what is told of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from reprosep.audio.io import SOUND_SUFFIXES
from reprosep.base.errors import UserError
from reprosep.base.listing import HIDDEN, LeftOut, Listing, displayed

_BESIDE = {
    *("", ".cfg", ".cue", ".csv", ".doc", ".docx", ".gif", ".htm", ".html", ".jams", ".jpeg", ".jpg", ".json", ".lab"),
    *(".log", ".lrc", ".m3u", ".m3u8", ".md", ".md5", ".mid", ".midi", ".nfo", ".npy", ".npz", ".parquet", ".pdf"),
    *(".pkl", ".png", ".py", ".pt", ".rst", ".rtf", ".sfv", ".sha256", ".sh", ".srt", ".svg", ".toml", ".tsv", ".txt"),
    *(".webp", ".xls", ".xlsx", ".xml", ".yaml", ".yml", ".zip"),
}  # what lies beside sound files without anybody taking it for one


@dataclass
class Sounds:
    """Sound files in order of their names, and files that may be some and do not count."""

    files: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def is_sound_name(path: Path) -> bool:
    """Whether a file is named as a sound file."""
    return path.suffix.lower() in SOUND_SUFFIXES


def sounds_of(files: Iterable[Path]) -> Sounds:
    """Sound files by their suffix; texts, tables and pictures beside them are passed over."""
    found = Sounds()
    for path in files:
        if is_sound_name(path):
            found.files.append(path)
        elif path.suffix.lower() not in _BESIDE:
            found.left_out.append(LeftOut(path, f"no sound file by its suffix {displayed(path.suffix)}"))
    return found


def refuse_no_files(listing: Listing, sounds: Iterable[Path]) -> None:
    """Raise where a sound file is expected and something else is: without it the song would be another one.

    Parameters
    ----------
    listing: what is there.
    sounds: its sound files; a folder that is named as one, beside them, is meant to be one.

    Raises
    ------
    UserError
        For pipes, devices, links to nothing, files that cannot be read, and folders.
    """
    songs = {path.parent for path in sounds}
    wrong = [one for one in listing.left_out if one.reason != HIDDEN and is_sound_name(one.path)]
    wrong += [LeftOut(path, "a folder") for path in listing.folders if is_sound_name(path) and path.parent in songs]
    if wrong:
        what = f"{displayed(str(wrong[0].path))}: {wrong[0].reason}"
        raise UserError(f"{what}, expected a sound file; put the file there or take this away", "unreadable")
