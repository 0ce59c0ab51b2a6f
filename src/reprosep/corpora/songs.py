"""Which of a version's songs are in a folder, told by names alone: no recording is opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reprosep.base.listing import below, is_hidden
from reprosep.corpora.registry import Version, file_list, song_list

SUBSETS = {
    "musdb": ("train", "test"),
    "slakh": ("train", "validation", "test", "omitted"),
    "medleydb": ("Audio",),
    "scores": ("submissions",),
}
_MUSDB_FILES = ("mixture.wav", "drums.wav", "bass.wav", "other.wav", "vocals.wav")
METADATA = "_METADATA.yaml"
LABELS = "_ACTIVATION_CONF.lab"
_NAMED = 5  # songs named in a sentence


def songs_in(version: Version, folder: Path) -> dict[str, Path]:
    """Song -> its folder or file, of the songs of `version` (of its list, where it has one) that are in `folder`."""
    wanted = song_list(version)
    places = {}
    for subset in SUBSETS[version.kind]:
        for entry in sorted((folder / subset).iterdir()) if (folder / subset).is_dir() else ():
            song = entry.name.removesuffix(version.suffix)
            if (song in wanted or not wanted) and is_song(version, entry):
                places[song] = entry
    return places


def is_song(version: Version, entry: Path) -> bool:
    """Whether a folder (a file for ``.stem.mp4``) holds what a song of this kind has, or all scores of a method."""
    if is_hidden(entry.name):
        return False
    if version.file_list is not None:
        listed = file_list(version.file_list).get(entry.name, ())
        return bool(listed) and all((entry.parent / file.path).is_file() for file in listed)
    if version.suffix == ".stem.mp4":
        return entry.is_file() and entry.name.endswith(version.suffix)
    if version.kind == "musdb":
        return all((entry / name).is_file() for name in _MUSDB_FILES)
    if version.kind == "medleydb":
        entry = entry / f"{entry.name}_STEMS"
    return any(path.name.endswith(version.suffix) for path in below(entry).files)


def missing_songs(version: Version, folder: Path) -> list[str]:
    """Songs of the published list that are not in `folder`; without a list, none can be missing."""
    there = songs_in(version, folder)
    return [song for song in song_list(version) if song not in there]


def metadata_file(folder: Path, song: str) -> Path | None:
    """MedleyDB's metadata of a song: beside its stems, with those of all songs in ``Metadata/``, or in the root."""
    places = (folder / "Audio" / song, folder / "Metadata", folder)
    return next((place / f"{song}{METADATA}" for place in places if (place / f"{song}{METADATA}").is_file()), None)


def missing_metadata(version: Version, folder: Path) -> list[str]:
    """Songs in `folder` that lack the metadata that they need to be read."""
    if version.kind != "medleydb":
        return []
    return [song for song in songs_in(version, folder) if metadata_file(folder, song) is None]


def first_of(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
