"""Songs and stems as read from the layouts; MUSDB18's stems files and Slakh have tests of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from conftest import Line
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.corpora import folder, medleydb, musdb
from reprosep.corpora.catalog import build_catalog
from reprosep.corpora.layout import InstrumentTable
from reprosep.corpora.listing import recordings_listing
from reprosep.params.instruments import instrument_classes
from synthetic import make_medleydb, make_params, own_corpus


def files(root: Path, song: str, *names: str) -> None:
    (root / song).mkdir(parents=True)
    for name in names:
        (root / song / name).write_bytes(b"sound")


def targets(root: Path, patterns: dict[str, list[str]]) -> dict[str, str]:
    return {stem.name: stem.target for song in folder.read_songs(str(root), patterns) for stem in song.stems}


def test_patterns_of_a_folder(tmp_path: Path) -> None:
    files(tmp_path, "A song", "Lead VOX 2.m4a", "kick.WAV", "Vox drum loop.ogg", "pad.flac", "Master.wav", "notes.txt")
    patterns = {"ignore": ["*master*"], "drums": ["*drum*", "kick*"], "vocals": ["*vox*"]}
    found = targets(tmp_path, patterns)
    assert found == {"Lead VOX 2.m4a": "vocals", "kick.WAV": "drums", "Vox drum loop.ogg": "drums", "pad.flac": ""}


def test_a_song_that_is_left_out_need_not_match(tmp_path: Path) -> None:
    files(tmp_path, "one", "vox.wav")
    files(tmp_path, "two", "take 1.wav")
    with pytest.raises(UserError, match="none of its files matches"):
        folder.read_songs(str(tmp_path), {"vocals": ["vox*"]})
    songs = folder.read_songs(str(tmp_path), {"vocals": ["vox*"]}, ignored=["two"])
    assert [song.name for song in songs] == ["one", "two"]


def test_an_ignored_song_is_in_no_catalog(recordings: Path) -> None:
    corpus = own_corpus(str(recordings / "own"), split={"ignore": ["My song 3"]})
    catalog = build_catalog(make_params({"corpora": {"own": corpus}}), "own")
    assert sorted(set(catalog["song"])) == ["My song 0", "My song 1", "My song 2"]


def test_musdb_songs(recordings: Path) -> None:
    songs = musdb.read_songs(str(recordings / "musdb"))
    assert [song.split for song in songs] == ["train"] * 4 + ["test"] * 2
    assert {song.artist for song in songs} == {f"Artist {number}" for number in range(6)}
    assert all({stem.target for stem in song.stems} == {"vocals", "bass", "drums", "other"} for song in songs)
    for song in songs:
        assert song.mixture and Path(song.mixture.path).name == "mixture.wav" and song.mixture.stream == 0


def test_musdbs_own_validation_songs(recordings: Path, tmp_path: Path) -> None:
    shutil.copytree(recordings / "musdb", tmp_path / "musdb")
    (tmp_path / "musdb/train/Artist 0 - Song 0").rename(tmp_path / "musdb/train/Leaf - Summerghost")
    songs = musdb.read_songs(str(tmp_path / "musdb"))
    assert [song.name for song in songs if song.split == "valid"] == ["Leaf - Summerghost"]


def test_medleydb_songs(recordings: Path) -> None:
    songs = medleydb.read_songs(str(recordings / "mm"))
    assert len(songs) == 8
    assert [(stem.name, stem.target) for stem in songs[0].stems] == [
        ("S01", "vocals"),
        ("S02", "bass"),
        ("S03", "drums"),
        ("S04", ""),
    ]


@pytest.mark.parametrize(
    ("instrument", "target"),
    [
        ("Female Singer", "vocals"),
        ("double bass", "bass"),
        ("distorted electric guitar", "electric-guitar"),
        ("tack piano", "piano"),
        ("Main System", "mixed"),
        ("Unlabeled", "mixed"),
        ("", "mixed"),
        (None, "mixed"),
        (["piano", "electric piano"], "piano"),
        (["piano", "male singer"], "mixed"),
        ("synthesizer", ""),
    ],
)
def test_classes_of_labels(tmp_path: Path, instrument: object, target: str) -> None:
    make_medleydb(tmp_path, songs=1, seconds=0.5)
    path = next(tmp_path.rglob("*_METADATA.yaml"))
    content = yaml.safe_load(path.read_text())
    content["stems"]["S02"]["instrument"] = instrument
    path.write_text(yaml.safe_dump(content))
    (song,) = medleydb.read_songs(str(tmp_path))
    assert song.stems[1].target == target


def test_every_label_of_the_taxonomy_is_known(shared_data: Path) -> None:
    path = shared_data / "metadata" / "taxonomy.yaml"
    if not path.is_file():
        pytest.skip("needs ../shared/data/metadata/taxonomy.yaml")
    table = InstrumentTable()
    for label in leaves(read_yaml(path)):
        table.target(label, path.name)


def leaves(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from leaves(branch)
    else:
        yield str(tree)


def test_no_label_is_in_two_places() -> None:
    table = read_yaml(repository() / "workflow" / "instruments.yaml")
    labels = [label.casefold() for group in table["classes"].values() for label in group]
    labels += [label.casefold() for label in [*table["mixed"], *table["others"]]]
    assert len(labels) == len(set(labels))
    assert {"vocals", "electric-guitar", "acoustic-guitar", "piano", "bass", "drums"} <= set(instrument_classes())


def test_catalog_columns(prepared: Line) -> None:
    catalog = read_table(prepared.results / "own" / "catalog.parquet")
    description = ["song", "artist", "split", "stem", "instrument", "target", "bleed"]
    recording = ["path", "stream", "sha256", "sample_rate", "channels", "samples", "seconds"]
    assert sorted(catalog.columns) == sorted(description + recording)
    assert (catalog["seconds"] > 6 - 0.001).all()
    assert (catalog["stream"] == 0).all()
    assert catalog["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_an_added_file_is_noticed(tmp_path: Path) -> None:
    corpus = make_params({"corpora": {"own": own_corpus(str(tmp_path))}}).corpora["own"]
    assert recordings_listing(corpus) == ""
    files(tmp_path, "one", "vox.wav")
    first = recordings_listing(corpus)
    files(tmp_path, "two", "vox.wav")
    assert first and recordings_listing(corpus) not in ("", first)
