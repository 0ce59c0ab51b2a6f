"""The split of activity detectors: whole artists, every instrument in every part, shares, real metadata."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.corpora import medleydb
from reprosep.corpora.artist_split import artist_key
from reprosep.corpora.splits import read_split_file
from reprosep.experiments.detectors.instruments import with_instruments
from reprosep.experiments.detectors.split import PARTS, draw_split
from reprosep.params.reading import parse
from reprosep.params.scale import merge

VALID, TEST = 0.15, 100 / 461  # the published proportion
Songs = list[tuple[str, str, str, list[str]]]  # song, artist, the catalog's split, instruments


def stems_of(songs: Songs) -> pd.DataFrame:
    rows = [(song, artist, split, one) for song, artist, split, instruments in songs for one in instruments]
    return pd.DataFrame(rows, columns=["song", "artist", "split", "instrument"])


def split_of(songs: Songs, seed: int = 1, valid: float = VALID, test: float = TEST) -> pd.DataFrame:
    return draw_split(stems_of(songs), "mm", seed, valid, test)


def one_each(artists: int, instruments: list[str], test: int = 0) -> Songs:
    """A song per artist with all instruments; the first are test songs."""
    return [(f"song {n}", f"artist {n}", "test" if n < test else "train", instruments) for n in range(artists)]


@st.composite
def collections(draw: st.DrawFn) -> Songs:
    """Artists of one to three songs, some of them test songs, with a few of four instruments each."""
    artists = draw(st.integers(3, 14))
    songs: Songs = []
    for artist in range(artists):
        is_test = draw(st.booleans()) and artist % 4 == 0
        for number in range(draw(st.integers(1, 3))):
            played = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
            split = "test" if is_test and number == 0 else draw(st.sampled_from(["train", "valid"]))
            songs.append((f"song {artist}.{number}", f"artist {artist}", split, played))
    return songs


def is_valid(table: pd.DataFrame, songs: Songs) -> bool:
    """No artist in two parts, every instrument in each, test songs are test songs."""
    part = dict(zip(table["song"], table["split"], strict=True))
    every = {one for *_, played in songs for one in played}
    heard = {name: {one for song, *_, played in songs if part[song] == name for one in played} for name in PARTS}
    alone = (table.groupby("artist")["split"].nunique() == 1).all()
    stays = all(part[song] == "test" for song, _, split, _ in songs if split == "test")
    return bool(alone) and stays and all(heard[name] == every for name in PARTS)


def can_be_split(songs: Songs) -> bool:
    """Whether any way to deal artists to parts is valid."""
    artists = sorted({artist for _, artist, *_ in songs})
    fixed = {artist for _, artist, split, _ in songs if split == "test"}
    choices = [("test",) if artist in fixed else PARTS for artist in artists]
    played = {artist: {one for _, other, _, found in songs if other == artist for one in found} for artist in artists}
    every = {one for found in played.values() for one in found}
    for parts in product(*choices):
        heard: dict[str, set[str]] = {part: set() for part in PARTS}
        for artist, part in zip(artists, parts, strict=True):
            heard[part] |= played[artist]
        if all(heard[part] == every for part in PARTS):
            return True
    return False


@settings(max_examples=80, deadline=None)
@given(collections(), st.integers(0, 2**31))
def test_a_split_is_valid_or_refused(songs: Songs, seed: int) -> None:
    try:
        table = split_of(songs, seed)
    except UserError as error:
        assert str(error).startswith("corpora.mm: ") and "detection.instruments" in str(error)
        return
    assert list(table["song"]) == sorted(song for song, *_ in songs)
    assert is_valid(table, songs)
    played = {song: "; ".join(sorted(found)) for song, _, _, found in songs}
    assert dict(zip(table["song"], table["instruments"], strict=True)) == played


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=8, max_size=20), st.integers(0, 2**31))
def test_many_artists_can_be_split(counts: list[int], seed: int) -> None:
    """With four artists of every instrument, whoever plays what besides, a split is found."""
    names = "abc"
    songs: Songs = [
        (f"song {n}.{k}", f"artist {n}", "train", [names[n % 2], "c"]) for n, c in enumerate(counts) for k in range(c)
    ]
    assert is_valid(split_of(songs, seed), songs)


def test_the_draw_depends_on_the_seed_alone() -> None:
    songs = one_each(40, ["a", "b"])
    first = split_of(songs, 1)
    assert split_of(songs[::-1], 1).equals(first)
    others = [split_of(songs, seed) for seed in range(2, 6)]
    assert not any(other.equals(first) for other in others)


@pytest.mark.parametrize(("artists", "test"), [(461, 0), (461, 60), (100, 30), (20, 2)])
def test_shares_are_those_asked_for(artists: int, test: int) -> None:
    counts = split_of(one_each(artists, ["a", "b"], test))["split"].value_counts()
    wanted = max(round(TEST * artists), test)
    assert counts["test"] == wanted
    assert counts["valid"] == round(VALID * (artists - wanted))
    assert (artists, counts["test"]) != (461, 0) or counts["test"] == 100


def test_songs_are_counted_not_artists() -> None:
    """Artists of ten songs each and of one each: parts have their share of the songs."""
    random = np.random.default_rng(0)
    sizes = [10] * 6 + [1] * 60
    songs: Songs = [(f"{a}.{k}", f"artist {a}", "train", ["a"]) for a, size in enumerate(sizes) for k in range(size)]
    order = random.permutation(len(songs))
    counts = split_of([songs[place] for place in order])["split"].value_counts()
    assert counts["test"] == round(TEST * 120) and counts["valid"] == round(VALID * (120 - counts["test"]))


def test_a_rare_instrument_comes_to_every_part() -> None:
    songs = one_each(60, ["a"]) + [(f"rare {n}", f"rare {n}", "train", ["a", "tabla"]) for n in range(3)]
    table = split_of(songs)
    assert sorted(table.loc[table["song"].str.startswith("rare"), "split"]) == sorted(PARTS)


def test_many_rare_instruments_come_to_every_part() -> None:
    """Thirty of three artists each: shares are filled with artists whom no other part needs."""
    rare: Songs = [(f"{name}.{n}", f"{name}.{n}", "train", [f"rare {name}"]) for name in range(30) for n in range(3)]
    songs = [*one_each(200, ["a"]), *rare]
    assert all(is_valid(split_of(songs, seed), songs) for seed in range(3))


def test_all_songs_of_a_test_songs_artist_are_test_songs() -> None:
    songs = [*one_each(12, ["a"], 1), ("another", "artist 0", "train", ["a"])]
    table = split_of(songs).set_index("song")
    assert table.loc["another", "split"] == "test"


def test_a_song_of_no_instrument_keeps_its_artist_together() -> None:
    songs: Songs = [*one_each(12, ["a"], 1), ("silent", "artist 5", "test", [""])]
    table = split_of(songs).set_index("song")
    assert table.loc[["silent", "song 5"], "split"].tolist() == ["test", "test"]
    assert table.loc[["silent", "song 5"], "instruments"].tolist() == ["", "a"]


def test_an_artist_in_two_spellings_is_one() -> None:
    """As in MedleyDB: 'Declare A String' and 'DeclareAString'."""
    twice: Songs = [
        (f"{name} {n}", name, "train", ["a"])
        for n, pair in enumerate((f"Artist {n}", f"artist{n}") for n in range(20))
        for name in pair
    ]
    for seed in range(4):
        table = split_of(twice, seed)
        assert (table.groupby(table["artist"].map(artist_key))["split"].nunique() == 1).all()


def test_an_instrument_of_two_artists_is_refused() -> None:
    songs = one_each(9, ["a"]) + [(f"rare {n}", f"rare {n}", "train", ["tabla"]) for n in range(2)]
    with pytest.raises(UserError, match=r"corpora.mm: 'tabla' is played by 2 artists, but .* take it out of"):
        split_of(songs)


def test_test_songs_that_leave_no_artist_are_refused() -> None:
    songs = one_each(9, ["a"]) + [(f"rare {n}", f"rare {n}", "test" if n else "train", ["b"]) for n in range(3)]
    with pytest.raises(UserError, match=r"corpora.mm: found no split in which a (train|valid) song has 'b' while"):
        split_of(songs)


@settings(max_examples=60, deadline=None)
@example(158, 2)  # the first draw fails
@given(st.integers(0, 10**6), st.integers(0, 3))
def test_what_can_be_split_is_split(seed: int, tests: int) -> None:
    """Against every way to deal seven artists of three instruments to parts."""
    random = np.random.default_rng(seed)
    songs: Songs = []
    for number in range(7):
        played = [name for name in "abc" if random.random() < 0.55] or ["a"]
        songs.append((f"song {number}", f"artist {number}", "test" if number < tests else "train", played))
    try:
        assert is_valid(split_of(songs, seed), songs)
    except UserError:
        assert not can_be_split(songs)


def test_the_papers_instruments_in_medleydb(request: pytest.FixtureRequest) -> None:
    """Real metadata, MedleyDB alone: the published proportion, and all 18 instruments in every part."""
    folder = request.getfixturevalue("shared_data") / "metadata" / "medleydb"
    if not folder.is_dir():
        pytest.skip("needs MedleyDB's metadata files in ../shared/data/metadata/medleydb")
    scale = read_yaml(repository() / "workflow" / "scales" / "paper.yaml")
    params = parse(merge(read_yaml(repository() / "params.yaml"), scale))
    parts = read_split_file("workflow/splits/mm-split.csv")
    songs = [song for song in medleydb.read_metadata(str(folder)) if parts[song.name] != "ignore"]
    rows = [(song.name, song.artist, parts[song.name], stem.instrument) for song in songs for stem in song.stems]
    stems = pd.DataFrame(rows, columns=["song", "artist", "split", "instrument"])
    chosen = params.detection.instruments
    known = with_instruments(stems, chosen)
    assert len(chosen) == 18 and set(known["instrument"]) == set(chosen)
    settings_ = params.detection
    table = draw_split(known, "mm-detection", params.seed, settings_.valid_share, settings_.test_share)
    split = dict(zip(table["song"], table["split"], strict=True))
    for part in PARTS:
        heard = known.loc[known["song"].map(split) == part, "instrument"]
        assert set(heard) == set(chosen), part
    assert {split[song] for song in known.loc[known["split"] == "test", "song"]} == {"test"}
    assert (table.groupby(table["artist"].map(artist_key))["split"].nunique() == 1).all()
    shares = table["split"].value_counts(normalize=True)
    assert shares["test"] == pytest.approx(TEST, abs=0.01)
