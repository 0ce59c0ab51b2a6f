"""What ``musdb`` reads from a folder in MUSDB18-HQ's layout is what our store holds."""

from __future__ import annotations

from collections.abc import Callable

import musdb
import numpy as np

from conftest import CHANGE, Line
from reprosep.audio.store import SongArrays
from reprosep.params import merge
from synthetic import RATE


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
