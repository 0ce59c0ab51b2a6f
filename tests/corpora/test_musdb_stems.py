"""MUSDB18 as stems files: songs, streams, the catalog, the store, and folders that hold the wrong kind."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from reprosep.audio import store
from reprosep.audio.io import read_sound, sound_info
from reprosep.audio.store import SongArrays, build_store
from reprosep.base.errors import UserError
from reprosep.corpora import musdb
from reprosep.corpora.catalog import build_catalog
from reprosep.corpora.doctor import sound
from reprosep.corpora.reading import read_songs
from reprosep.corpora.registry import load_version
from synthetic import RATE, make_musdb, make_musdb_stems, make_params, wave, write_wave

if not shutil.which("ffmpeg"):
    pytest.skip("needs ffmpeg", allow_module_level=True)

SONG = "Artist 0 - Song 0"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three songs; to be read, not changed."""
    return make_musdb_stems(tmp_path_factory.mktemp("stems") / "musdb", train=2, test=1, seconds=2.0)


def test_songs_and_streams(root: Path) -> None:
    songs = musdb.read_songs(str(root))
    assert [(song.name, song.artist, song.split) for song in songs] == [
        (f"Artist {n} - Song {n}", f"Artist {n}", "train" if n < 2 else "test") for n in range(3)
    ]
    for song in songs:
        streams = {stem.name: stem.stream for stem in song.stems}
        assert streams == {"drums": 1, "bass": 2, "other": 3, "vocals": 4}
        assert all(stem.target == stem.name for stem in song.stems)
        assert song.mixture and song.mixture.stream == 0
        assert {Path(stem.path) for stem in [*song.stems, song.mixture]} == {
            root / ("test" if song.split == "test" else "train") / f"{song.name}.stem.mp4"
        }


def test_the_streams_are_the_stems(root: Path) -> None:
    """Coded sound is near the sound that was coded, and near no other source."""
    (song, *_) = musdb.read_songs(str(root))
    for stem in song.stems:
        found = read_sound(stem.path, stem.stream)[0][:, 0]
        closeness = {name: correlation(found, wave(name, 0, 2.0)[:, 0]) for name in musdb.SOURCES}
        assert max(closeness, key=lambda name: closeness[name]) == stem.name
        assert closeness[stem.name] > (0.7 if stem.name == "drums" else 0.95)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    length = min(len(first), len(second))
    return float(np.corrcoef(first[:length], second[:length])[0, 1])


def test_musdbs_own_validation_songs(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "musdb")
    train = tmp_path / "musdb" / "train"
    (train / f"{SONG}.stem.mp4").rename(train / "Leaf - Summerghost.stem.mp4")
    songs = musdb.read_songs(str(tmp_path / "musdb"))
    assert [song.name for song in songs if song.split == "valid"] == ["Leaf - Summerghost"]


def test_catalog_and_store(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summed: list[str] = []
    original = sound.sha256
    monkeypatch.setattr(sound, "sha256", lambda path: [summed.append(path), original(path)][1])
    corpus = {"roots": [str(root)], "valid_fraction": 0.0}
    params = make_params({"corpora": {"musdb": corpus}, "audio": {"sample_rate": RATE}})
    table = build_catalog(params, "musdb")
    assert len(table) == 12
    assert sorted(summed) == sorted(set(table["path"]))  # each file once
    assert list(table["stream"][:4]) == [4, 2, 1, 3]
    for path, checksums in table.groupby("path")["sha256"]:
        assert set(checksums) == {hashlib.sha256(Path(path).read_bytes()).hexdigest()}
    build_store(table, tmp_path, params.audio, 2, 1)
    arrays = SongArrays(tmp_path)
    for row in table.itertuples():
        stored = arrays.load(row.song)[list(table[table["song"] == row.song]["stem"]).index(row.stem)]
        samples = np.rint(read_sound(row.path, row.stream)[0] * 32768)
        np.testing.assert_array_equal(stored[: len(samples)], samples.clip(-32768, 32767))


def test_streams_tell_recordings_apart(root: Path) -> None:
    params = make_params({"corpora": {"musdb": {"roots": [str(root)], "valid_fraction": 0.0}}})
    table = build_catalog(params, "musdb")
    song = table[table["song"] == SONG]
    assert len(set(store._recordings(song))) == 4
    assert store._recordings(song.assign(stream=0)) == list(song["sha256"])


def test_versions_say_which_kind_is_expected(root: Path, tmp_path: Path) -> None:
    wav = make_musdb(tmp_path, train=1, test=1, seconds=0.5)
    hq, coded = load_version("musdb18-hq"), load_version("musdb18")
    assert len(musdb.read_songs(str(root), [coded])) == 3
    assert len(musdb.read_songs(str(wav), [hq])) == 2
    assert len(musdb.read_songs(str(wav), [hq, coded])) == 2
    with pytest.raises(UserError, match=r"holds .stem.mp4 files, expected .wav files"):
        musdb.read_songs(str(root), [hq])
    with pytest.raises(UserError, match=r"holds .wav files, expected .stem.mp4 files"):
        musdb.read_songs(str(wav), [coded])


def test_both_kinds_in_one_folder(root: Path, tmp_path: Path) -> None:
    make_musdb(tmp_path, train=1, test=1, seconds=0.5)
    shutil.copy(root / "train" / f"{SONG}.stem.mp4", tmp_path / "train")
    with pytest.raises(UserError, match="expected one kind"):
        musdb.read_songs(str(tmp_path))


def test_a_version_of_another_kind(root: Path) -> None:
    params = make_params({"corpora": {"musdb": {"roots": [str(root)], "versions": ["slakh2100-orig"]}}})
    with pytest.raises(UserError, match=r"corpora.musdb.versions: 'slakh2100-orig' is a corpus of kind 'slakh'"):
        read_songs("musdb", params.corpora["musdb"])


def test_a_broken_stems_file_is_named(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "musdb")
    broken = tmp_path / "musdb" / "train" / f"{SONG}.stem.mp4"
    for content, what in ((broken.read_bytes()[:2000], "truncated"), (b"not a sound" * 99, "not a sound file")):
        broken.write_bytes(content)
        with pytest.raises(UserError, match=f"{SONG}.stem.mp4: {what}"):
            musdb.read_songs(str(tmp_path / "musdb"))


def test_missing_streams_are_told(root: Path, tmp_path: Path) -> None:
    whole = root / "train" / f"{SONG}.stem.mp4"
    part = tmp_path / "part.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(whole), "-map", "0:a:0", "-map", "0:a:1", "-c", "copy", str(part)],
        check=True,
    )
    assert sound_info(part, 1) == sound_info(whole, 1)
    with pytest.raises(UserError, match="no audio stream 2 in it"):
        sound_info(part, 2)
    with pytest.raises(UserError, match="no audio stream 1 in it"):
        read_sound(write_wave(tmp_path / "a.wav", wave("bass", 1, 0.5)), 1)
