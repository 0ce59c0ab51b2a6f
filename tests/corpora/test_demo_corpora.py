"""The demo's stand-in corpora, as they are planned: enough test songs of every target for a verdict on it."""

from __future__ import annotations

from collections import Counter

import pytest

from reprosep.base.project import read_yaml, repository
from reprosep.corpora.layout import Song
from reprosep.corpora.splits import assign_splits
from reprosep.corpora.standin.layouts import song_id, splits
from reprosep.corpora.standin.songs import plan_song
from reprosep.params.data import Corpus
from reprosep.params.reading import parse
from reprosep.params.scale import Params

FEWEST = 12  # test songs of a target
# What a layout calls the classes that its songs hold.
CLASSES = {"musdb": lambda group: group if group in ("vocals", "bass", "drums") else "other"}
CLASSES["slakh"] = CLASSES["flakh"] = lambda group: group.removeprefix("electric ").removeprefix("acoustic ")


@pytest.fixture(scope="module")
def params() -> Params:
    return parse(read_yaml(repository() / "params.yaml"))


def songs_tested(name: str, corpus: Corpus, seed: int) -> Counter[str]:
    """Target -> test songs that hold it long enough to be scored."""
    assert corpus.standin
    layout, presence = corpus.standin.layout, {k.replace("-", " "): v for k, v in corpus.standin.presence.items()}
    songs, held = [], {}
    for split in splits(layout):
        for index in range(corpus.standin.songs.get(split, 0)):
            plan = plan_song(
                layout, index, split, seed=corpus.standin.seed, seconds=corpus.standin.seconds, presence=presence
            )
            song = Song(song_id(layout, plan, split, index), plan.artist, "" if split == "all" else split)
            songs.append(song)
            named = CLASSES.get(layout, lambda group: group.replace(" ", "-"))
            held[song.name] = {named(part.instrument.group) for part in plan.parts}
    tested = [song.name for song in assign_splits(name, songs, corpus, seed) if song.split == "test"]
    return Counter(target for song in tested for target in held[song])


@pytest.mark.parametrize("name", ["musdb", "mm", "slakh", "flakh"])
def test_every_target_has_enough_test_songs(params: Params, name: str) -> None:
    corpus = params.corpora[name]
    held = songs_tested(name, corpus, params.seed)
    assert {target: held[target] for target in corpus.targets if held[target] < FEWEST} == {}
