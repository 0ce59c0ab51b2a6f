"""Splits: who trains, who validates, who tests; by song and by artist, from the corpus's own lists or seeded.

References
----------
MUSDB18: 86/14/50 songs. MM: Gururani's artist-disjoint split; its list is not public, see ``artist_split.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reprosep.base.csv_text import csv_rows
from reprosep.base.errors import UserError, near_match
from reprosep.base.listing import composed
from reprosep.base.project import project_file
from reprosep.corpora.draws import Stream, generator
from reprosep.corpora.layout import Song
from reprosep.params.data import Corpus

SPLITS = ("train", "valid", "test", "ignore")


def assign_splits(name: str, songs: list[Song], corpus: Corpus, seed: int) -> list[Song]:
    """Songs with `split` filled in: by the user's lists, else the split file, else the layout, else drawn by artist.

    Raises
    ------
    UserError
        When the user's lists name a song that is not there or name one twice, or the split file is wrong.
    """
    listed = read_split_file(corpus.split_file) if corpus.split_file else {}
    songs = [replace(song, split=listed.get(composed(song.name), song.split)) for song in songs]
    songs = [song for song in _named(name, songs, corpus.split) if song.split != "ignore"]
    fixed = {composed(member) for members in corpus.split.values() for member in members} | set(listed)
    if corpus.test_fraction and not any(song.split == "test" for song in songs):
        songs = _draw(songs, "test", corpus.test_fraction, seed, fixed)
    songs = [replace(song, split=song.split or "train") for song in songs]
    if corpus.valid_fraction and not any(song.split == "valid" for song in songs):
        songs = _draw(songs, "valid", corpus.valid_fraction, seed + 1, fixed)
    return songs


def left_out(corpus: Corpus) -> set[str]:
    """Songs that the user leaves out of all splits, by their composed names."""
    listed = read_split_file(corpus.split_file) if corpus.split_file else {}
    own = {composed(song) for song in corpus.split.get("ignore", ())}
    return {song for song, split in listed.items() if split == "ignore"} | own


def read_split_file(path: str) -> dict[str, str]:
    """Song, its name composed -> split by a split file; songs of it that are not there are no error.

    Raises what its rows raise.
    """
    return {composed(row["song"]): row["split"] for row in split_rows(path)}


def split_rows(path: str) -> list[dict[str, str]]:
    """Rows of a CSV with at least the columns song and split, below the working folder or in the repository.

    Raises
    ------
    UserError
        When the file is missing, has other columns, an unknown split, or a song twice.
    """
    place = project_file(path)
    rows = csv_rows(place, ["song", "split"], "name a list of songs in corpora.*.split_file, columns song and split")
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        song, split = row.get("song"), row.get("split")
        if not song or split not in SPLITS:
            values = f"song {song!r}, split {split!r}"
            raise UserError(
                f"{path}: line {number} has {values}; expected the columns song and split ({', '.join(SPLITS)})"
            )
        if composed(song) in seen:
            raise UserError(f"{path}: line {number} names '{song}' again; keep one of the two lines")
        seen.add(composed(song))
    return rows


def _named(name: str, songs: list[Song], split: Mapping[Any, list[str]]) -> list[Song]:
    known = {composed(song.name) for song in songs}
    chosen: dict[str, str] = {}
    for part, members in split.items():
        for member in map(composed, members):
            if member not in known:
                raise UserError(f"params: corpora.{name}.split.{part}: no song '{member}'{near_match(member, known)}")
            if member in chosen:
                raise UserError(
                    f"params: corpora.{name}.split: '{member}' is in {chosen[member]} and in {part}; keep one"
                )
            chosen[member] = part
    return [replace(song, split=chosen.get(composed(song.name), song.split)) for song in songs]


def _draw(songs: list[Song], part: str, fraction: float, seed: int, fixed: set[str]) -> list[Song]:
    """Move whole artists to `part` until the fraction of the songs that could go there, not `fixed`, is reached."""
    free = [song for song in songs if song.split in ("", "train") and composed(song.name) not in fixed]
    artists = sorted({composed(song.artist) for song in free})
    generator(seed, Stream.SPLIT).shuffle(artists)
    wanted, chosen, count = round(fraction * len(free)), set(), 0
    for artist in artists:
        size = sum(composed(song.artist) == artist for song in free)
        if count + size <= wanted:
            chosen.add(artist)
            count += size
    return [replace(s, split=part) if s in free and composed(s.artist) in chosen else s for s in songs]
