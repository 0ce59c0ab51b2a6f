"""What ``musdb`` reads from a folder in one of MUSDB18's layouts is what our store holds, sample for sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import musdb
import numpy as np

from conftest import CHANGE, Line
from reprosep.audio.io import read_sound
from reprosep.audio.store import SongArrays, build_store
from reprosep.corpora.catalog import build_catalog
from reprosep.corpora.reading import read_songs
from reprosep.params.scale import merge
from synthetic import RATE, make_musdb_stems, make_params


def test_same_songs_and_the_same_sound(line: Callable[..., Line]) -> None:
    made = line("musdb", change=merge(CHANGE, {"audio": {"sample_rate": RATE}}))
    made.step("recordings", "musdb", 1)
    made.step("catalog", "musdb", 1)
    made.step("store", "musdb", 1)
    arrays = SongArrays(made.results / "musdb" / "audio")
    names = set()
    for subset in ("train", "test"):
        for track in musdb.DB(root="recordings/musdb", is_wav=True, subsets=[subset]):
            names.add(track.name)
            assert track.rate == RATE
            stored = arrays.load(track.name)
            rows = arrays.index[arrays.index["song"] == track.name].set_index("stem")["row"]
            assert set(rows.index) == set(track.sources)
            for stem, row in rows.items():
                theirs = np.rint(track.sources[stem].audio * 32768)
                np.testing.assert_array_equal(stored[row], theirs.astype(np.int16))
            total = sum(stored[row].astype(float) for row in rows)
            assert np.abs(total - track.audio * 32768).max() <= len(rows)
    assert names == set(arrays.index["song"])


def test_stems_files(tmp_path: Path) -> None:
    """The store is identical as int16; what ``read_sound`` gives is not yet rounded to int16, as musdb's is."""
    root = make_musdb_stems(tmp_path / "musdb", train=1, test=1, seconds=2.0, rate=44100)
    corpus = {"roots": [str(root)], "valid_fraction": 0.0}
    params = make_params({"corpora": {"musdb": corpus}, "audio": {"sample_rate": 44100}})
    table = build_catalog(params, "musdb")
    build_store(table, tmp_path / "audio", params.audio, 2, 1)
    arrays = SongArrays(tmp_path / "audio")
    songs = {song.name: song for song in read_songs("musdb", params.corpora["musdb"])}
    tracks = list(musdb.DB(root=str(root), is_wav=False))
    assert sorted(track.name for track in tracks) == sorted(songs)
    for track in tracks:
        assert track.rate == 44100
        rows = arrays.index[arrays.index["song"] == track.name].set_index("stem")["row"]
        assert set(rows.index) == set(track.sources)
        for stem in songs[track.name].stems:
            theirs = track.sources[stem.name].audio * 32768
            stored = arrays.load(track.name)[rows[stem.name]]
            np.testing.assert_array_equal(stored[: len(theirs)], theirs)
            assert not stored[len(theirs) :].any()
            assert np.abs(read_sound(stem.path, stem.stream)[0] * 32768 - theirs).max() <= 0.5
        mixture = songs[track.name].mixture
        assert mixture
        ours = np.rint(read_sound(mixture.path, mixture.stream)[0] * 32768)
        np.testing.assert_array_equal(ours, track.audio * 32768)
