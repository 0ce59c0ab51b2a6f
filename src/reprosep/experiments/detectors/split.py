"""Artist-conditional split: no artist in two parts, every instrument in each of them.

Test songs of the separation papers are test songs here, so that both kinds of systems can be compared on the same songs
and one can gate the other: nothing that scores is ever learnt from. Further artists are drawn with the seed, first
those that bring an instrument which a part lacks, then until the part has its share of the songs; an artist who would
leave the training songs without an instrument stays there. Where the first draw fails, others follow.

Conventions
-----------
Names of artists that differ in case, accents, blanks or signs alone are one artist, as both data sets need it.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018): 361 training and 100 test songs, artist-conditional; the list
was never published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.corpora.artist_split import artist_key
from reprosep.corpora.draws import Stream, generator

PARTS = ("train", "valid", "test")
_TRIES = 100  # draws, of which the first valid one counts: rare instruments may leave an order of artists no way


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
        Stems with song, artist, instrument (empty: none that is known) and the catalog's split.

    Raises
    ------
    UserError
        When an instrument has fewer than three artists, or the test songs leave none of its artists for another part.
    """
    keys = stems["artist"].map(artist_key)
    artists = {
        str(name): Artist(rows["song"].nunique(), frozenset(rows["instrument"]) - {""})
        for name, rows in stems.groupby(keys, sort=True)
    }
    _check_artists(artists, corpus)
    test = set(keys[stems["split"] == "test"])
    draw, order = generator(seed, Stream.ARTIST_SPLIT), sorted(artists)
    for _ in range(_TRIES):
        draw.shuffle(order)
        parts = _deal(artists, order, test, valid_share, test_share)
        if _missing(artists, parts) is None:
            return _table(stems, parts)
    missing = _missing(artists, parts)
    assert missing is not None
    raise UserError(
        f"corpora.{corpus}: found no split in which a {missing[0]} song has '{missing[1]}' while artists stay in one "
        "part and the corpus's test songs are test songs; take it out of detection.instruments, or move songs"
    )


def _deal(
    artists: Mapping[str, Artist], order: list[str], fixed: set[str], valid_share: float, test_share: float
) -> dict[str, str]:
    """The part of every artist by one order; `fixed` are those of test songs."""
    test, valid = set(fixed), set[str]()
    wanted = round(test_share * sum(artist.songs for artist in artists.values()))
    _fill(artists, order, test, set(), wanted)
    wanted = round(valid_share * sum(artist.songs for name, artist in artists.items() if name not in test))
    _fill(artists, order, valid, test, wanted)
    return {name: "test" if name in test else "valid" if name in valid else "train" for name in artists}


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


def _missing(artists: Mapping[str, Artist], parts: Mapping[str, str]) -> tuple[str, str] | None:
    """The first part that lacks an instrument, and that instrument."""
    for part in PARTS:
        missing = _played(artists, artists) - _played(artists, [name for name in parts if parts[name] == part])
        if missing:
            return part, sorted(missing)[0]
    return None


def _table(stems: pd.DataFrame, parts: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        (song, artist, parts[artist_key(str(artist))], "; ".join(sorted(set(group["instrument"]) - {""})))
        for (song, artist), group in stems.groupby(["song", "artist"], sort=True)
    ]
    return pd.DataFrame(rows, columns=["song", "artist", "split", "instruments"])
