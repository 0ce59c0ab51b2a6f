"""`reprosep compare-methods`, and `evaluate --beside`: own methods among published ones, by museval's files alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import Answer
from loopback import write_files
from published_methods import SONGS, method_files, register_methods, song_scores
from reprosep.corpora import registry
from synthetic import write_wave

Command = Callable[..., Answer]
FILES = method_files()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_folder", lambda: tmp_path / "registry")
    register_methods(tmp_path / "registry", FILES, ["http://127.0.0.1:9/none.zip"], oracles=["BEST"])
    write_files(tmp_path / "published", FILES)
    return tmp_path


def own(place: Path, name: str, middle: float, songs: list[str] = SONGS) -> Path:
    files = {
        f"test/{song}.json": json.dumps(song_scores(middle, number + 50, ("vocals", "accompaniment"))).encode()
        for number, song in enumerate(songs)
    }
    return write_files(place / name, files)


def test_folders_are_compared(place: Path, reprosep: Command) -> None:
    answer = reprosep("compare-methods", own(place, "mine", 4.0), own(place, "other", 1.0), "--output", "out")
    assert answer.status == 0
    comparison = pd.read_csv("out/comparison.csv")
    row = comparison[(comparison["target"] == "vocals") & (comparison["metric"] == "SDR")].iloc[0]
    assert (row["first"], row["second"], row["songs"]) == ("mine", "other", 7)
    assert row["median"] == pytest.approx(3.0, abs=0.5)
    assert row["p_holm"] < 0.05
    assert {path.name for path in Path("out").iterdir()} >= {"summary.csv", "comparison.svg", "scores.csv"}


def test_three_have_ranks(place: Path, reprosep: Command) -> None:
    folders = [own(place, name, middle) for name, middle in (("a", 4.0), ("b", 1.0), ("c", 2.0))]
    assert reprosep("compare-methods", *folders, "--output", "out").status == 0
    ranks = pd.read_csv("out/ranks.csv")
    assert list(ranks[ranks["target"] == "vocals"]["method"]) == ["a", "c", "b"]
    assert Path("out/methods.png").stat().st_size > 0
    assert Path("out/ranks.svg").stat().st_size > 0


def test_beside_published_ones(place: Path, reprosep: Command) -> None:
    assert reprosep("get", "mini", "--from", "published").status == 0
    answer = reprosep("compare-methods", own(place, "mine", 5.5), "--beside", "mini", "--output", "out")
    assert answer.status == 0
    assert "shown to be better" in answer.out
    comparison = pd.read_csv("out/comparison.csv")
    assert set(comparison["first"]) == {"mine"}  # published ones are not compared with each other
    assert set(comparison["second"]) == {"BEST", "GOOD", "ALL4"}
    assert "BEST" not in set(pd.read_csv("out/ranks.csv")["method"])  # an oracle


def test_evaluate_beside_published_ones(place: Path, reprosep: Command) -> None:
    reprosep("get", "mini", "--from", "published")
    random = np.random.default_rng(0)
    for song in SONGS:
        for target in ("vocals", "bass"):
            wave = random.normal(0, 0.1, (16000, 2))
            write_wave(place / "references" / "test" / song / f"{target}.wav", wave, 8000)
            write_wave(
                place / "mine" / "test" / song / f"{target}.wav", wave + random.normal(0, 0.05, wave.shape), 8000
            )
    answer = reprosep("evaluate", "references", "mine", "--output", "out", "--beside", "mini")
    assert answer.status == 0, answer.err
    comparison = pd.read_csv("out/comparison.csv")
    assert set(comparison["target"]) == {"vocals"}
    assert set(comparison["songs"]) == {7}
    assert set(pd.read_csv("out/summary.csv")["method"]) == {"mine", "BEST", "GOOD", "ALL4"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mine"], "one method alone"),
        (["mine", "nowhere"], "nowhere: no such folder"),
        (["mine", "twice/mine"], "a second folder named 'mine'"),
        (["mine", "empty"], "no JSON file in it"),
        (["mine", "other", "--output", "mine"], "mine"),
        (["mine", "slow"], "scores in other frames cannot be compared"),
        (["mine", "--beside", "mini"], "the scores of 'mini' are not here; `reprosep get mini` brings them"),
        (["mine", "--beside", "nothing"], "unknown corpus 'nothing'"),
    ],
)
def test_bad_input_is_one_sentence(place: Path, reprosep: Command, arguments: list[str], sentence: str) -> None:
    own(place, "mine", 4.0)
    own(place, "other", 4.0)
    own(place, "twice/mine", 4.0)
    (place / "empty").mkdir()
    slow = song_scores(4.0, 0, ("vocals",))
    for frame in slow["targets"][0]["frames"]:
        frame["time"] *= 2
    write_files(place / "slow", {"test/Artist 0 - Song 0.json": json.dumps(slow).encode()})
    output = [] if "--output" in arguments else ["--output", "out"]
    answer = reprosep("compare-methods", *arguments, *output)
    assert answer.status != 0
    assert sentence in answer.err
    assert [line for line in answer.err.splitlines() if "elapsed" not in line] == answer.err.splitlines()[-1:]


def test_names_of_published_methods_are_taken(place: Path, reprosep: Command) -> None:
    reprosep("get", "mini", "--from", "published")
    answer = reprosep("compare-methods", own(place, "best", 5.5), "--beside", "mini", "--output", "out")
    assert "'best': a method of 'mini' is called 'BEST'" in answer.err


def test_missing_songs_are_told(place: Path, reprosep: Command, caplog: pytest.LogCaptureFixture) -> None:
    folders = [own(place, "mine", 4.0, SONGS[:5]), own(place, "other", 3.0)]
    answer = reprosep("compare-methods", *folders, "--output", "out")
    assert answer.status == 0
    assert "mine: no scores of vocals in 2 songs: Artist 5 - Song 5, Artist 6 - Song 6" in caplog.text
