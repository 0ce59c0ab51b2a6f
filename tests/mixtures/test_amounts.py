"""Trainings on a share of the songs: which songs these are, what is drawn of them, and whose settings change."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep.base.errors import UserError
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import settings_of_system, settings_of_training
from reprosep.experiments.target.examples import Examples
from reprosep.mixtures.amounts import songs_of_share
from reprosep.papers.loading import load_paper
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import merge
from synthetic import make_params
from trainings import made

SHARES = (0.0, 0.1, 0.25, 0.5, 0.9, 1.0)
HOLDING, OTHERS = [f"with {number}" for number in range(30)], [f"without {number}" for number in range(20)]
STEMS = pd.DataFrame(
    [(song, "organ") for song in HOLDING] + [(song, "bass") for song in [*HOLDING, *OTHERS]],
    columns=["song", "target"],
)
SYSTEM: dict[str, Any] = {"label": "x", "kind": "target", "scored": "frames", "model": "iass", "activity_weight": 2.0}


def share(amount: float, seed: int = 42, corpus: int = 0, stems: pd.DataFrame = STEMS) -> list[str]:
    return songs_of_share(stems, "organ", amount, seed, corpus)


@pytest.mark.parametrize("seed", [1, 42])
def test_smaller_shares_are_parts_of_larger_ones(seed: int) -> None:
    chosen = [share(amount, seed) for amount in SHARES]
    assert all({*less} < {*more} for less, more in zip(chosen, chosen[1:], strict=False))
    assert chosen[0] == [] and {*chosen[-1]} == {*HOLDING, *OTHERS}


def test_a_share_is_one_of_the_songs_with_the_target_and_of_the_others() -> None:
    for amount, holding, others in ((0.1, 3, 2), (0.25, 8, 5), (0.01, 1, 1)):
        chosen = share(amount)
        assert (len({*chosen} & {*HOLDING}), len({*chosen} & {*OTHERS})) == (holding, others)
        assert len(chosen) == holding + others


def test_a_share_is_drawn_by_the_seed_whatever_the_order_of_stems() -> None:
    shuffled = STEMS.sample(frac=1.0, random_state=3)
    assert share(0.25) == share(0.25) == share(0.25, stems=shuffled)
    assert {*share(0.25)} != {*share(0.25, 43)} and {*share(0.25)} != {*share(0.25, corpus=1)}


# ---- trainings ----


def examples(prepared: Line, seed: int = 42, **change: Any) -> Examples:
    run = f"mm_bass_iass_s{seed}"
    params = make_params(merge(CHANGE, {"seeds": [seed]}))
    found = made(params, run, prepared.results, **change).examples
    assert isinstance(found, Examples)
    return found


def training_songs(made: Examples) -> set[str]:
    stems = made.pool.stems
    return set(stems["song"])


def drawn(made: Examples) -> set[str]:
    recipes = [made.mixer.training_recipe(made.pool, made.seed, item) for item in range(40)]
    return {excerpt.song for recipe in recipes for excerpt in recipe.excerpts}


def test_a_training_draws_from_its_share_alone(prepared: Line) -> None:
    whole = examples(prepared)
    half = examples(prepared, amount={"mm": 0.5})
    assert training_songs(half) < training_songs(whole) and drawn(half) <= training_songs(half)
    kept = half.mixer.stems[half.mixer.stems["split"] != "train"]
    before = whole.mixer.stems[whole.mixer.stems["split"] != "train"]
    pd.testing.assert_frame_equal(kept.reset_index(drop=True), before.reset_index(drop=True))


def test_shares_of_two_corpora(prepared: Line) -> None:
    both = examples(prepared, added="slakh-mm", amount={"mm": 0.5, "slakh-mm": 0.3})
    added = {song for song in training_songs(both) if song.startswith("Track")}
    assert len(added) == 1 and training_songs(both) - added == training_songs(examples(prepared, amount={"mm": 0.5}))


def test_none_of_the_recordings(prepared: Line) -> None:
    """They validate, and nothing of them is trained on."""
    alone = examples(prepared, added="slakh-mm", amount={"mm": 0.0})
    assert training_songs(alone) == drawn(alone) == {"Track00001", "Track00002", "Track00003"}
    assert alone.batch(0, 2).labels.shape[0] == 2


def test_all_songs_are_the_training_without_amounts(prepared: Line) -> None:
    one, other = examples(prepared), examples(prepared, amount={"mm": 1.0})
    for item in range(10):
        recipes = [each.mixer.training_recipe(each.pool, 42, item) for each in (one, other)]
        assert recipes[0] == recipes[1]


# ---- what is said of it ----


def test_systems_without_amounts_are_what_they_were() -> None:
    """Their digests, stamps and records do not know of them."""
    system = TargetSystem.model_validate(SYSTEM)
    for settings in (settings_of_system(system), settings_of_training(system)):
        assert "amount" not in settings
    for name in ("iass", "munet", "slakh", "activity"):
        for other in load_paper(name).systems.values():
            assert "amount" not in {**settings_of_system(other), **settings_of_training(other)}


def test_an_amount_makes_another_training() -> None:
    told = [
        settings_of_training(TargetSystem.model_validate({**SYSTEM, "amount": {"mm": amount}}))
        for amount in (0.25, 0.5)
    ]
    assert told[0]["amount"] == {"mm": 0.25} and told[0] != told[1]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"amount": {"mm": 0.0}}, "amount: 0, and no corpus is added, so there is nothing to train on"),
        ({"added": "slakh-mm", "amount": {"slakh-mm": 0.0}}, "amount.slakh-mm: 0 of what is added; leave `added` out"),
        ({"released": "iass", "amount": {"mm": 0.5}}, "released: weights as they were published"),
        ({"added": "slakh-mm", "amount": {"mm": 0.0}}, None),
    ],
)
def test_amounts_that_make_no_training(change: dict[str, Any], sentence: str | None) -> None:
    problem = TargetSystem.model_validate({**SYSTEM, **change}).problem()
    assert problem is None if sentence is None else (problem or "").startswith(sentence)


def test_amounts_are_of_the_corpora_that_are_trained_on() -> None:
    params, system = make_params(), TargetSystem.model_validate({**SYSTEM, "amount": {"m": 0.5}})
    sentence = r"amount: 'm' \(did you mean 'mm'\?\), but its networks on 'mm' are trained on mm; give amounts of these"
    with pytest.raises(UserError, match=sentence):
        kind_of(system).check(params, "mm", system)


@pytest.mark.parametrize("amount", [-0.1, 1.5, "half"])
def test_a_share_is_a_number_from_0_to_1(amount: object) -> None:
    with pytest.raises(ValueError, match=r"amount\.mm"):
        TargetSystem.model_validate({**SYSTEM, "amount": {"mm": amount}})
