"""Clips: where a target is present, coherent or of equal loudness, the same however many are wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyloudnorm
import pytest

from conftest import CHANGE, Line
from reprosep.audio.frames import clip_count
from reprosep.base.errors import UserError
from reprosep.experiments.clips.needed import clips_needed
from reprosep.mixtures.clips import Clips, clip_samples
from reprosep.mixtures.mixing import Mixer, Recipe, recipes_of
from reprosep.params.scale import merge
from synthetic import make_params

CORPUS, TARGET = "musdb-16k", "bass"


def clips(prepared: Line, corpus: str = CORPUS, target: str = TARGET, **change: Any) -> Clips:
    params = make_params(merge(CHANGE, {"papers": ["slakh"], "clips": {"seconds": 2.0, "presence": -40.0, **change}}))
    return Clips(Line(prepared.folder, params.of_corpus(corpus)).mixer(corpus), target)


def recipes(made: Clips, way: str, count: int = 12) -> list[Recipe]:
    return recipes_of(made.table({("train", way): count}), made.target, "train")  # type: ignore[dict-item]


def sources(mixer: Mixer, recipe: Recipe) -> dict[str, np.ndarray]:
    """The waves of a recipe by class, as plain sums of stored samples."""
    found: dict[str, np.ndarray] = {}
    for excerpt in recipe.excerpts:
        stems = mixer.stems
        target = stems[(stems["song"] == excerpt.song) & (stems["row"] == excerpt.row)]["target"].iloc[0]
        samples = mixer.store.load(excerpt.song)[excerpt.row, excerpt.start : excerpt.start + recipe.length, 0]
        found[target] = found.get(target, 0) + excerpt.gain * samples.astype(float) / 32768
    return found


def level(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave**2) + 1e-30))


def test_coherent_clips_are_of_one_song_and_hold_the_target(prepared: Line) -> None:
    made = clips(prepared)
    for recipe in recipes(made, "coherent"):
        assert len({(excerpt.song, excerpt.start) for excerpt in recipe.excerpts}) == 1
        assert recipe.length == clip_samples(made.params) and recipe.length % made.params.stft.hop == 0
        assert recipe.excerpts[0].start % made.params.stft.hop == 0
        found = sources(made.mixer, recipe)
        assert set(found) == {"vocals", "bass", "drums", "other"} and level(found[TARGET]) > -40
        song = made.mixer.stems[made.mixer.stems["song"] == recipe.excerpts[0].song]
        assert set(song["split"]) == {"train"}


def test_a_louder_presence_chooses_fewer_places(prepared: Line) -> None:
    quiet = [level(sources(one.mixer, r)[TARGET]) for one in [clips(prepared)] for r in recipes(one, "coherent", 40)]
    limit = float(np.median(quiet))
    one = clips(prepared, presence=limit)
    assert all(level(sources(one.mixer, recipe)[TARGET]) > limit for recipe in recipes(one, "coherent", 40))


def test_incoherent_clips_are_of_equal_loudness(prepared: Line) -> None:
    made = clips(prepared)
    meter = pyloudnorm.Meter(made.params.audio.sample_rate)
    mixed = recipes(made, "incoherent")
    assert any(len({excerpt.song for excerpt in recipe.excerpts}) > 1 for recipe in mixed)
    for recipe in mixed:
        found = sources(made.mixer, recipe)
        assert set(found) == {"vocals", "bass", "drums", "other"}
        loudness = [meter.integrated_loudness(wave) for wave in found.values()]
        assert np.ptp(loudness) < 0.1 and max(loudness) < -13 + 0.1
        assert np.abs(sum(found.values())).max() <= 10 ** (-1 / 20) + 1e-6


@pytest.mark.parametrize("way", ["coherent", "incoherent"])
def test_more_clips_begin_with_the_same(prepared: Line, way: str) -> None:
    few, many = (clips(prepared).table({("train", way): count}) for count in (5, 9))  # type: ignore[dict-item]
    pd.testing.assert_frame_equal(few, many.head(len(few)))
    other = clips(prepared, target="drums").table({("train", way): 5})  # type: ignore[dict-item]
    assert not (few["start"].to_numpy()[:5] == other["start"].to_numpy()[:5]).all()


def test_what_is_never_present_is_told(prepared: Line) -> None:
    with pytest.raises(UserError, match=r"no train song holds 'bass' at -1 dB for 2 s; lower clips.presence"):
        clips(prepared, presence=-1.0).table({("train", "coherent"): 1})


def test_hours_become_clips() -> None:
    params = make_params({"clips": {"seconds": 10.0, "small_hours": 5.0, "large_hours": 43.0}})
    assert (clip_count(params, "small"), clip_count(params, "large")) == (1800, 15480)


def test_every_corpus_gives_what_the_systems_take() -> None:
    params = make_params({"papers": ["slakh"], "clips": {"valid": 7}})
    small, large = clip_count(params, "small"), clip_count(params, "large")
    assert clips_needed(params, CORPUS, "bass") == {
        ("train", "coherent"): small,
        ("train", "incoherent"): large,
        ("valid", "coherent"): 7,
    }
    assert clips_needed(params, "slakh", "piano") == {("train", "coherent"): large, ("valid", "coherent"): 7}
    assert clips_needed(params, "flakh", "drums") == {("train", "coherent"): large}
    assert clips_needed(params, "flakh", "piano") == {}


def test_a_corpus_of_two_channels_has_no_clips(prepared: Line) -> None:
    with pytest.raises(
        UserError, match="has 2 channels, but clips are for mono networks; set the corpus's channels to"
    ):
        clips(prepared, "musdb")
