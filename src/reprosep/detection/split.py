"""Artist-conditional split: no artist in two parts, every instrument in each of them.

Test songs of the separation papers are test songs here, so that both kinds of systems can be compared on the same songs
and one can gate the other: nothing that scores is ever learnt from. Further artists are drawn with the seed, first
those that bring an instrument which a part lacks, then until the part has its share of the songs; an artist who would
leave the training songs without an instrument stays there.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018): 361 training and 100 test songs, artist-conditional; the list
was never published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reprosep.errors import UserError

PARTS = ("train", "valid", "test")
_STREAM = 1 << 37  # keeps this draw apart from other uses of the same seed


@dataclass(frozen=True)
class Artist:
    """An artist's songs: how many, and the instruments in them."""

    songs: int
    instruments: frozenset[str]


def draw_split(stems: pd.DataFrame, corpus: str, seed: int, valid_share: float, test_share: float) -> pd.DataFrame:
    """One row per song: song, artist, split, instruments (separated by ``; ``).

    Parameters
    ----------
    stems
        Stems of known instruments with song, artist, instrument and the catalog's split.

    Raises
    ------
    UserError
        When an instrument has fewer than three artists, or the test songs leave none of its artists for another part.
    """
    artists = {
        str(name): Artist(rows["song"].nunique(), frozenset(rows["instrument"]))
        for name, rows in stems.groupby("artist", sort=True)
    }
    _check_artists(artists, corpus)
    test = {str(name) for name in stems.loc[stems["split"] == "test", "artist"]}
    order = sorted(artists)
    np.random.Generator(np.random.Philox(key=[seed, _STREAM])).shuffle(order)
    wanted = round(test_share * sum(artist.songs for artist in artists.values()))
    _fill(artists, order, test, set(), wanted)
    valid: set[str] = set()
    wanted = round(valid_share * sum(artist.songs for name, artist in artists.items() if name not in test))
    _fill(artists, order, valid, test, wanted)
    parts = {name: "test" if name in test else "valid" if name in valid else "train" for name in artists}
    _check_parts(artists, parts, corpus)
    return _table(stems, parts)


def _fill(artists: Mapping[str, Artist], order: list[str], part: set[str], taken: set[str], wanted: int) -> None:
    """Move artists from training to a part: for every instrument that it lacks, then up to the number of songs."""
    spare = 1 if taken else 2  # artists of an instrument that stay: one to train, and one to validate while testing
    every = _played(artists, artists)

    def rest(name: str) -> set[str]:
        return set(artists) - taken - part - {name}

    def movable(name: str) -> bool:
        left = [artists[other].instruments for other in rest(name)]
        return all(sum(one in has for has in left) >= spare for one in artists[name].instruments)

    for instrument in sorted(every, key=lambda one: (_count(artists, one), one)):
        while instrument not in _played(artists, part):
            holders = [name for name in order if name in rest("") and instrument in artists[name].instruments]
            able = [name for name in holders if movable(name)]
            if not able:
                break
            part.add(min(able, key=lambda name: artists[name].songs))
    size = sum(artists[name].songs for name in part)
    for name in order:
        if name in rest("") and size + artists[name].songs <= wanted and movable(name):
            part.add(name)
            size += artists[name].songs


def _played(artists: Mapping[str, Artist], names: Iterable[str]) -> set[str]:
    return {instrument for name in names for instrument in artists[name].instruments}


def _count(artists: Mapping[str, Artist], instrument: str) -> int:
    return sum(instrument in artist.instruments for artist in artists.values())


def _check_artists(artists: Mapping[str, Artist], corpus: str) -> None:
    for instrument in sorted(_played(artists, artists)):
        count = _count(artists, instrument)
        if count < len(PARTS):
            raise UserError(
                f"corpora.{corpus}: '{instrument}' is played by {count} artists, but train, valid and test need one "
                "each; take it out of detection.instruments, or add songs"
            )


def _check_parts(artists: Mapping[str, Artist], parts: Mapping[str, str], corpus: str) -> None:
    for part in PARTS:
        missing = _played(artists, artists) - _played(artists, [name for name in parts if parts[name] == part])
        if missing:
            raise UserError(
                f"corpora.{corpus}: no {part} song can have '{sorted(missing)[0]}' while artists stay in one part and "
                "the corpus's test songs are test songs; take it out of detection.instruments, or move songs"
            )


def _table(stems: pd.DataFrame, parts: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        (song, artist, parts[str(artist)], "; ".join(sorted(set(group["instrument"]))))
        for (song, artist), group in stems.groupby(["song", "artist"], sort=True)
    ]
    return pd.DataFrame(rows, columns=["song", "artist", "split", "instruments"])
