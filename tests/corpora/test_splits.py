"""Who trains, validates and tests: the user's lists first, then the layout's, then a draw by artist."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from reprosep.base.errors import UserError
from reprosep.corpora.layout import Song
from reprosep.corpora.splits import assign_splits
from reprosep.params.data import Corpus
from synthetic import own_corpus


def songs(count: int = 20, per_artist: int = 1, split: str = "") -> list[Song]:
    return [Song(f"song {n}", f"artist {n // per_artist}", split) for n in range(count)]


def splits(given: list[Song], seed: int = 1, **change: Any) -> dict[str, str]:
    corpus = Corpus.model_validate(own_corpus(**change))
    return {song.name: song.split for song in assign_splits("own", given, corpus, seed)}


def test_fractions() -> None:
    counts = Counter(splits(songs(40), test_fraction=0.25, valid_fraction=0.1).values())
    assert counts == {"test": 10, "valid": 3, "train": 27}


def test_the_draw_is_a_function_of_the_seed() -> None:
    assert splits(songs()) == splits(songs())
    assert splits(songs()) != splits(songs(), seed=2)


def test_the_draw_does_not_depend_on_the_order_of_the_songs() -> None:
    assert splits(songs()) == dict(sorted(splits(songs()[::-1]).items(), key=lambda item: int(item[0].split()[1])))


def test_artists_stay_together() -> None:
    found = splits(songs(60, per_artist=4), test_fraction=0.3, valid_fraction=0.2)
    for first in range(0, 60, 4):
        assert len({found[f"song {n}"] for n in range(first, first + 4)}) == 1


def test_the_users_lists_stand() -> None:
    lists = {"train": [f"song {n}" for n in range(10)], "test": ["song 10"], "valid": ["song 11", "song 12"]}
    found = splits(songs(), split=lists, test_fraction=0.5, valid_fraction=0.5)
    assert all(found[name] == part for part, names in lists.items() for name in names)
    assert Counter(found.values()) == {"test": 1, "valid": 2, "train": 17}


def test_named_training_songs_are_never_drawn() -> None:
    named = [f"song {n}" for n in range(16)]
    for seed in range(10):
        found = splits(songs(), seed=seed, split={"train": named}, test_fraction=0.5, valid_fraction=0.5)
        assert {found[name] for name in named} == {"train"}
        assert Counter(found.values())["test"] == 2


def test_ignored_songs_are_gone() -> None:
    found = splits(songs(), split={"ignore": ["song 3"]})
    assert "song 3" not in found
    assert len(found) == 19


def test_the_layouts_test_songs_stay() -> None:
    given = [*songs(10, split="train"), Song("t", "t", "test")]
    found = splits(given, test_fraction=0.0, valid_fraction=0.2)
    assert found["t"] == "test"
    assert Counter(found.values()) == {"train": 8, "valid": 2, "test": 1}


def test_the_layouts_validation_songs_stay() -> None:
    given = [*songs(10, split="train"), Song("v", "v", "valid")]
    assert Counter(splits(given, test_fraction=0.0, valid_fraction=0.5).values()) == {"train": 10, "valid": 1}


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({"test": ["sonk 1"]}, "no song 'sonk 1' \\(did you mean 'song 1'\\?\\)"),
        ({"test": ["song 1"], "train": ["song 1"]}, "'song 1' is in test and in train; keep one"),
        ({"test": ["song 1", "song 1"]}, "'song 1' is in test and in test; keep one"),
    ],
)
def test_wrong_lists(lists: dict[str, list[str]], words: str) -> None:
    with pytest.raises(UserError, match=words):
        splits(songs(), split=lists)
