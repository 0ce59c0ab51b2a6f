"""Recordings that are elsewhere on this machine, linked song by song into a corpus's folder: nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.base.files import mendable
from reprosep.base.listing import folders_in, is_hidden
from reprosep.corpora.registry import Version, song_list
from reprosep.corpora.songs import METADATA, SUBSETS, is_song

_SONG_DEPTH = 4  # folders between the given one and a song of MedleyDB
_SUBSETS_DEPTH = 2  # folders between the given one and the one that holds train and test

Links = dict[Path, Path]  # place in the corpus's folder -> what it shall point to


def find_songs(version: Version, source: Path, folder: Path) -> Links:
    """Links that bring the songs of `version` below `source` into `folder`, in the layout of its kind.

    Raises
    ------
    UserError
        When there is none.
    """
    try:
        if version.kind == "medleydb":
            links, expected = _medleydb(version, source, folder), "<song>/<song>_STEMS/ with wav files"
        else:
            links, expected = _subsets(version, source, folder), "the folders train and test with the songs"
    except OSError as error:
        raise UserError(
            f"{error.filename or source}: cannot be read ({error.strerror}); make it readable and run the command again"
        ) from error
    if not links:
        raise UserError(f"{source}: no song of {version.title} in it; expected {expected}, as the corpus is published")
    return links


def make_links(version: Version, links: Links) -> None:
    """Make the links that are not there. What is right is kept, what is foreign is not touched.

    Raises
    ------
    UserError
        When something else is where a link belongs; no link is made then.
    """
    new = {place: target for place, target in links.items() if not _is_kept(version, place)}
    for place, target in new.items():
        with mendable(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)  # a link that points nowhere
            place.symlink_to(target.resolve())


def _is_kept(version: Version, place: Path) -> bool:
    """Whether a song or its metadata are there already; a link that points nowhere may be replaced."""
    if not place.exists():
        return False
    if (place.name.endswith(METADATA) and place.is_file()) or is_song(version, place):
        return True
    raise UserError(
        f"{place}: is in the way of a song of {version.title} and is none (its recordings are missing); "
        "move it away and run the command again"
    )


def _subsets(version: Version, source: Path, folder: Path) -> Links:
    wanted = song_list(version)
    for base in _walk(source, _SUBSETS_DEPTH):
        if (base / "train").is_dir() and (base / "test").is_dir():
            entries = [
                (subset, entry)
                for subset in SUBSETS[version.kind]
                if (base / subset).is_dir()
                for entry in sorted((base / subset).iterdir())
            ]
            return {
                folder / subset / entry.name: entry
                for subset, entry in entries
                if is_song(version, entry) and (not wanted or entry.name.removesuffix(version.suffix) in wanted)
            }
    return {}


def _medleydb(version: Version, source: Path, folder: Path) -> Links:
    wanted = song_list(version)
    links: Links = {}
    for path in _walk(source, _SONG_DEPTH):
        if is_song(version, path):
            if path.name in wanted or not wanted:
                links.setdefault(folder / "Audio" / path.name, path)
            continue
        for file in sorted(path.glob(f"*{METADATA}")):
            if is_hidden(file.name):
                continue
            if file.name.removesuffix(METADATA) in wanted or not wanted:
                links.setdefault(folder / "Metadata" / file.name, file)
    return links


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """`folder` and the folders below it down to `depth`, breadth first, hidden ones left out."""
    level = [folder]
    for _ in range(depth + 1):
        yield from level
        level = [path for above in level for path in folders_in(above)]
