"""The stamp of an interrupted scoring takes all that its scores depend on: parameters are changed one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep.base.errors import UserError
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.scores.scorer import Scorer
from synthetic import make_params

CLIPS = {"seconds": 2.0, "presence": -40.0, "frames": 20, "small_hours": 0.003, "large_hours": 0.004, "valid": 2}
INSTRUMENTS = ["male singer", "electric bass", "drum set", "piano"]
ALL: dict[str, Any] = {
    "papers": ["iass", "munet", "slakh", "activity"],
    "clips": CLIPS,
    "detection": {"instruments": INSTRUMENTS},
    "corpora": {"musdb-mono": {"settings": {"training": {"epochs": 1}}}},
}
DETECTOR = "mm-detection_instruments_crnn_s42"
NETWORKS: dict[str, Any] = {
    "mm_vocals_iass_s42": (),
    "musdb_vocals_open-unmix_s42": (),
    "musdb_drums_open-unmix_s42": (),
    "musdb-mono_4-sources_ebw-p1-heads-4_s42": (("energies", "musdb-mono"),),
    "musdb-mono_4-sources_m-u-net_s42": (),
    "musdb-16k_bass_musdb_s42": (("clips", "musdb-16k", "bass"),),
    DETECTOR: (("seconds", "mm-detection", 1),),
}
ORACLES = ("mm_vocals_ibm", "mm_vocals_irm", "musdb-mono_4-sources_input-4", "slakh_bass_tpsf", "slakh_bass_wiener")
SECTIONS = ("audio", "stft", "activity", "mixing", "chunks", "clips", "detection", "models", "separation", "scoring")
SETTINGS = ("audio", "stft", "activity", "mixing", "chunks")  # those that a corpus may have of its own
PERFECT = 90.0  # dB beyond which, up or down, a score tells nothing but the rounding of float32
OTHER_WORDS = {"hann": "sqrt-hann", "sqrt-hann": "hann", "auto": "always"}


@pytest.fixture(scope="module")
def scored(trained: Line) -> Line:
    """A trained network of every kind; to be read, not changed."""
    line = Line(trained.folder, make_params(merge(CHANGE, ALL)))
    for run, steps in NETWORKS.items():
        for step in steps:
            line.step(*step)
        line.step("train", [run])
    line.step("score", [DETECTOR], 1)  # IASS is gated by it, too
    return line


def leaves(content: dict[str, Any], *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys, value) of all values below."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, *path, key)
        else:
            yield (*path, key), value


def others(value: Any) -> list[Any]:
    """Other values of the same type, near it first: some of them are allowed."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [2 * value, value + 2, value + 1, max(value // 2, 1)]
    if isinstance(value, float):
        return [0.9 * value, value / 2, value + 0.1]
    if isinstance(value, list):
        return [value[::-1], [item for one in value for item in others(one)[:1]]]
    return [OTHER_WORDS[value]] if value in OTHER_WORDS else []


def changes(params: Params, corpus: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, change) of every parameter of a corpus by itself, as far as another value is allowed."""
    content = dump(params)
    own = dump(params.of_corpus(corpus))
    for path, value in leaves({section: own[section] for section in SECTIONS}):
        for other in others(value):
            nested: Any = other
            for key in reversed(path):
                nested = {key: nested}
            if path[0] in SETTINGS:
                nested = {"corpora": {corpus: {"settings": nested}}}
            with contextlib.suppress(UserError):
                parse(merge(content, nested))
                yield ".".join(path), nested
                break


def first_song(scorer: Scorer[Any]) -> list[pd.DataFrame] | str:
    """The scores of a run's first song; that they cannot be computed, where a network does not fit any more."""
    try:
        recipe = scorer.recipes()[0]
        scene = scorer.scene(recipe)
        return list(scorer.score(recipe, scene, scorer.references(recipe, scene)))
    except (UserError, RuntimeError, ValueError, IndexError) as error:
        return type(error).__name__


def same(one: list[pd.DataFrame] | str, other: list[pd.DataFrame] | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one is other
    return all(a.shape == b.shape and alike(a, b) for a, b in zip(one, other, strict=True))


def alike(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """The same but for rounding: how many chunks pass a network together changes the last digits.

    Of a perfect estimate a score tells nothing but rounding.
    """
    numbers = one.select_dtypes("number").columns
    a, b = (table[numbers].astype(float).clip(-PERFECT, PERFECT) for table in (one, other))
    close = np.allclose(a, b, atol=1e-4, equal_nan=True)
    return close and one.drop(columns=numbers).equals(other.drop(columns=numbers))


@pytest.mark.parametrize("identifier", [*NETWORKS, *ORACLES])
def test_what_changes_a_score_changes_the_stamp(scored: Line, identifier: str) -> None:
    run, system = find_run(scored.params, identifier)

    def changed(*some: dict[str, Any]) -> Scorer[Any]:
        return scorer_for(parse(reduce(merge, some, dump(scored.params))), run, system, scored.results)

    before = changed()
    scores = first_song(before)
    assert not isinstance(scores, str) and same(scores, first_song(changed()))
    kept, moved = {}, False
    for name, change in changes(scored.params, run.corpus):
        after = changed(change)
        if after.stamp == before.stamp:
            kept[name] = change
        elif not moved:  # what changes the stamp may change scores or not: that one does is enough
            moved = not same(scores, first_song(after))
    assert moved or "input" in identifier, "no parameter changes a score"
    assert kept and changed(*kept.values()).stamp == before.stamp
    if not same(scores, first_song(changed(*kept.values()))):
        silent = [name for name, change in kept.items() if not same(scores, first_song(changed(change)))]
        raise AssertionError(f"these, or all together, change scores, but not the stamp: {', '.join(silent)}")
