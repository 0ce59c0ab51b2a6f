"""The split of MM: pinned songs test, no artist is on both sides, counts are near the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprosep.base.errors import UserError
from reprosep.base.project import repository
from reprosep.corpora.artist_split import SplitRule, artist_key, draw_split, load_rule, write_split
from reprosep.corpora.layout import Song, Stem
from reprosep.corpora.registry import load_version, song_list
from reprosep.corpora.splits import read_split_file

RULE = repository() / "workflow" / "splits" / "mm-split.yaml"
CSV = "workflow/splits/mm-split.csv"


def song(number: int, targets: str, artist: str) -> Song:
    stems = [Stem(f"S{n:02d}", "", "", target) for n, target in enumerate(targets.split())]
    return Song(f"song {number}", artist, "", stems)


def small_rule(**change: object) -> SplitRule:
    content = load_rule(RULE).model_dump() | {
        "songs": 12,
        "tries": 200,
        "published": {"bass": 9, "vocals": 5},
        "complete_for": "vocals",
        "pinned": ["song 0", "song 3"],
    }
    return SplitRule.model_validate(content | change)


def collection() -> list[Song]:
    kinds = ["bass vocals", "bass", "drums", "vocals", "bass", "drums", "bass", "bass drums"]
    return [song(n, kinds[n % 8], f"artist {n // 2}") for n in range(60)]


def test_whole_artists_and_pinned_songs() -> None:
    songs = collection()
    table = draw_split(songs, {each.name for each in songs}, small_rule())
    split = dict(zip(table["song"], table["split"], strict=True))
    assert split["song 0"] == split["song 3"] == "test"
    assert (table["split"] == "test").sum() == 12
    sides = table[table["split"] != "ignore"].groupby("artist")["split"].nunique()
    assert (sides == 1).all()
    held = {each.name: {stem.target for stem in each.stems} for each in songs}
    assert {name for name in split if split[name] == "test" and "vocals" in held[name]} == {"song 0", "song 3"}
    again = draw_split(songs[::-1], {each.name for each in songs}, small_rule())
    assert again.equals(table)
    assert not draw_split(songs, {each.name for each in songs}, small_rule(seed=1)).equals(table)


def test_only_songs_with_public_recordings_are_drawn() -> None:
    songs = collection()
    public = {each.name for each in songs[:40]}
    table = draw_split(songs, public, small_rule())
    assert set(table.loc[table["split"] == "test", "song"]) <= public


def test_a_pinned_song_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"no song 'song 99'.*did you mean"):
        draw_split(collection(), set(), small_rule(pinned=["song 99"]))


def test_artists_are_the_same_in_every_spelling() -> None:
    assert artist_key("Ben Carrigan") == artist_key("BenCarrigan")
    assert artist_key("Cnoc An Tursá") == artist_key("cnoc-an-tursa")


def test_a_session_is_no_artist() -> None:
    """MR1210_JamesMay is James May's, whose other songs are test songs: none of his may train."""
    songs = [*collection(), Song("MR1210_ArtistZero", "MR1210", "", []), Song("more", "Artist Zero", "", [])]
    table = draw_split(songs, {song.name for song in songs}, small_rule())
    assert table.set_index("song").loc[["MR1210_ArtistZero", "more"], "artist"].tolist() == ["artistzero"] * 2


def test_the_split_that_is_published_here() -> None:
    """100 test songs, the 23 known ones among them; all songs of the public versions are in it."""
    split = read_split_file(CSV)
    rule = load_rule(RULE)
    assert len(split) == 588 and sum(part == "test" for part in split.values()) == rule.songs == 100
    assert {split[name] for name in rule.pinned} == {"test"} and len(rule.pinned) == 23
    public = {name for version in rule.drawn_from for name in song_list(load_version(version))}
    assert public <= set(split)
    assert {name for name, part in split.items() if part == "test"} <= public


def test_it_is_drawn_again_from_metadata(tmp_path: Path, shared_data: Path) -> None:
    """From MedleyDB's real metadata alone: the same command, with the pinned songs of MedleyDB."""
    metadata = shared_data / "metadata" / "medleydb"
    if not metadata.is_dir():
        pytest.skip("needs the metadata in ../shared/data/metadata/medleydb")
    text = RULE.read_text()
    known = {path.name.removesuffix("_METADATA.yaml") for path in metadata.glob("*.yaml")}
    kept = [line for line in text.splitlines() if not line.startswith("  - ") or line[4:] in known]
    rule = tmp_path / "rule.yaml"
    rule.write_text("\n".join(kept).replace("songs: 100", "songs: 40").replace("tries: 20000", "tries: 500"))
    printed = write_split([metadata], rule, tmp_path / "split.csv")
    assert printed.startswith("330 songs (196 with public recordings)")
    told = {line.split()[0]: [int(cell) for cell in line.split()[1:]] for line in printed.splitlines()[3:]}
    assert {target: row[1] for target, row in told.items()} == load_rule(RULE).published
    assert {target: row[4] for target, row in told.items()} == load_rule(RULE).tracks
    assert all(row[0] + row[2] <= row[3] for row in told.values())
    assert told["vocals"][3] == 191  # songs with vocals, as in test_medleydb.py
    parts = read_split_file(str(tmp_path / "split.csv"))
    assert sum(part == "test" for part in parts.values()) == 40
