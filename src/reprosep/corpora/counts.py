"""How many songs hold which class: to compare the recordings at hand with what was published about a corpus.

References
----------
MedleyDB's 330 metadata files: V1 (122 songs) and V2 (74) as listed in workflow/corpora/, 10 songs of Bach10, and 124
more whose audio was never published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from reprosep.corpora.layout import MIXED, Song
from reprosep.corpora.registry import load_version, song_list

LISTS = ("V1", "V2", "EXTRA", "Bach10")
Classes = Mapping[str, Collection[str]]  # class -> its labels


def songs_by_class(songs: Iterable[Song], classes: Classes | None = None) -> dict[str, int]:
    """Class -> number of songs in which at least one stem is of it.

    Parameters
    ----------
    classes: labels of each class to count instead of the stems' own classes. A stem with several labels then counts
        nowhere; by its own class it does when all its labels are of that class.
    """
    held = [classes_of(song, classes) for song in songs]
    names = list(classes) if classes is not None else sorted(set().union(*held))
    return {name: sum(name in song for song in held) for name in names}


def classes_of(song: Song, classes: Classes | None = None) -> set[str]:
    """The classes of a song's stems, by their own class or by labels as in :func:`songs_by_class`."""
    if classes is None:
        return {stem.target for stem in song.stems} - {"", MIXED}
    labels = {stem.instrument.casefold() for stem in song.stems}
    return {name for name, wanted in classes.items() if labels & {label.casefold() for label in wanted}}


def medleydb_list(song: str) -> str:
    """The list of MedleyDB that a song is in: ``V1``, ``V2``, ``Bach10`` (by its name), else ``EXTRA``."""
    published = _medleydb_lists()
    if song in published:
        return published[song]
    return "Bach10" if song.startswith("Bach10") else "EXTRA"


def medleydb_counts(songs: Sequence[Song], classes: Classes | None = None) -> pd.DataFrame:
    """Songs per class (columns) in each list of MedleyDB (rows) and in all; column ``songs`` counts all songs."""
    groups: dict[str, Sequence[Song]] = {
        name: [song for song in songs if medleydb_list(song.name) == name] for name in LISTS
    }
    columns = ["songs", *songs_by_class(songs, classes)]
    groups["all"] = list(songs)
    rows = {name: {"songs": len(group)} | songs_by_class(group, classes) for name, group in groups.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).fillna(0).astype(int)


@lru_cache(maxsize=1)
def _medleydb_lists() -> dict[str, str]:
    versions = {"V1": "medleydb-v1", "V2": "medleydb-v2"}
    return {song: name for name, version in versions.items() for song in song_list(load_version(version))}
