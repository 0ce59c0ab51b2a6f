"""museval's JSON of a song: read as museval reads it, and one sentence for what is none."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from published_methods import song_scores
from reprosep.base.errors import UserError
from reprosep.scores.museval_files import COLUMNS, read_song, same_frames

SONG = song_scores(5.0, 0, ("vocals", "drums"))


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_as_museval_reads_it(tmp_path: Path) -> None:
    museval = pytest.importorskip("museval")
    table = read_song(written(tmp_path / "song.json", SONG))
    store = museval.EvalStore()
    store.add_track(
        museval.TrackStore.load(str(tmp_path / "song.json"))
        if hasattr(museval.TrackStore, "load")
        else _store(museval, SONG)
    )
    theirs = store.df.pivot_table(index=["target", "time"], columns="metric", values="score", dropna=False)
    ours = table.set_index(["target", "time"])[["SDR", "ISR", "SIR", "SAR"]]
    pd.testing.assert_frame_equal(ours.sort_index()[theirs.columns.tolist()], theirs.sort_index(), check_names=False)


def _store(museval: Any, song: dict[str, Any]) -> Any:
    store = museval.TrackStore(track_name="song", win=1.0, hop=1.0)
    for target in song["targets"]:
        values = {
            metric: [frame["metrics"][metric] for frame in target["frames"]] for metric in ("SDR", "ISR", "SIR", "SAR")
        }
        store.add_target(target["name"], values)
    return store


def test_infinite_scores_are_none(tmp_path: Path) -> None:
    song = copy.deepcopy(SONG)
    song["targets"][0]["frames"][2]["metrics"]["SDR"] = float("inf")
    song["targets"][0]["frames"][3]["metrics"]["SDR"] = None
    table = read_song(written(tmp_path / "song.json", song))
    assert list(table.columns) == COLUMNS
    assert np.isnan(table["SDR"].to_numpy()[[0, 2, 3]]).all()


def changed(**of_target: Any) -> dict[str, Any]:
    song = copy.deepcopy(SONG)
    song["targets"][0].update(of_target)
    return song


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[1, 2]", "no list 'targets'"),
        ("{", "not readable as JSON"),
        ({"targets": []}, "no target in it"),
        ({"targets": [{"frames": SONG["targets"][0]["frames"]}]}, r"targets\[0\] has no name"),
        (
            {"targets": [{"name": "vocals", "metrics": {"SDR": []}}]},
            r"targets\[0\] \('vocals'\) has no frames, only metrics, name: another version of the schema",
        ),
        (changed(frames=[{"time": 0.0, "duration": 1.0, "metrics": {"SDR": 1.0}}]), "a frame of .* lacks ISR"),
        (
            changed(frames=[{"time": "0", "duration": 1.0, "metrics": SONG["targets"][0]["frames"][0]["metrics"]}]),
            "'0' in a frame of .* is no number",
        ),
        (changed(frames=[*SONG["targets"][0]["frames"], SONG["targets"][0]["frames"][0]]), "do not rise"),
        (changed(name="drums"), "target 'drums' twice"),
        ('{"targets": [], "targets": []}', "targets.* twice"),
    ],
)
def test_what_is_none_is_one_sentence(tmp_path: Path, content: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as told:
        read_song(written(tmp_path / "song.json", content))
    assert str(told.value).startswith(str(tmp_path / "song.json"))


def test_other_frames_are_refused(tmp_path: Path) -> None:
    table = read_song(written(tmp_path / "song.json", SONG))
    same_frames([("a", table), ("b", table)])
    with pytest.raises(UserError, match=r"a: 1 s, every 1 s; b: 1 s, every 2 s"):
        same_frames([("a", table), ("b", table.assign(time=2 * table["time"]))])
