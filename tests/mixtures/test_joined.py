"""Training on the stems of two corpora: what is drawn, what it is called, and that nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import CHANGE, Line
from reprosep.base.errors import UserError
from reprosep.corpora.layout import class_by_program
from reprosep.experiments.runs import needed_runs
from reprosep.experiments.target.examples import Examples
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params, merge
from synthetic import make_params
from trainings import made

RUN = "mm_piano_iass-slakh_s42"


def params() -> Params:
    mm = {"targets": ["vocals", "bass", "piano"]}
    return make_params(merge(CHANGE, {"papers": ["iass", "slakh"], "corpora": {"mm": mm}}))


def examples(prepared: Line, added: str | None) -> Examples:
    """Of the bass: the synthetic MM has no piano to train on."""
    found = made(params(), "mm_bass_iass_s42", prepared.results, added=added).examples
    assert isinstance(found, Examples)
    return found


@pytest.mark.parametrize(
    "label, target, expected",
    [
        ("Guitar: Acoustic Guitar (steel)", "guitar", "acoustic-guitar"),
        ("Guitar: Distortion Guitar", "guitar", "electric-guitar"),
        ("Piano: Electric Piano 1", "piano", "piano"),
        ("Organ: Church Organ", "", ""),
    ],
)
def test_classes_of_programs(label: str, target: str, expected: str) -> None:
    assert class_by_program(label, target) == expected


def test_only_training_stems_are_added(prepared: Line) -> None:
    own, both = examples(prepared, None).mixer, examples(prepared, "slakh-mm").mixer
    added = both.stems[~both.stems["song"].isin(set(own.stems["song"]))]
    assert set(added["split"]) == {"train"} and len(both.stems) == len(own.stems) + len(added)
    assert set(added["song"]) == {"Track00001", "Track00002", "Track00003"}
    assert {"piano", "bass", "drums"} <= set(added["target"]) and "guitar" in set(added["target"])


def test_items_come_from_both(prepared: Line) -> None:
    joined = examples(prepared, "slakh-mm")
    recipes = [joined.mixer.training_recipe(joined.pool, 42, item) for item in range(60)]
    targets = {excerpt.song for recipe in recipes for excerpt in recipe.excerpts if excerpt.role == "target"}
    assert any(song.startswith("Track") for song in targets) and any(not song.startswith("Track") for song in targets)
    batch = joined.batch(0, 4)
    assert batch.labels.shape == (4, batch.target.shape[-1])
    waves = np.array([joined.mixer.render(recipe) for recipe in recipes])
    assert np.isfinite(waves).all() and (np.abs(waves[:, 0]).max(axis=(1, 2)) > 0).mean() > 0.5  # some are pauses


def test_stems_of_both_have_equal_level(prepared: Line) -> None:
    mixer = examples(prepared, "slakh-mm").mixer
    song = next(name for name in mixer.stems["song"] if name.startswith("Track"))
    row = int(mixer.stems.loc[(mixer.stems["song"] == song), "row"].iloc[0])
    wave = mixer.store.load(song)[row, :, 0] / 32768 * mixer._level(song, row)
    assert float(np.sqrt(np.mean(wave**2))) == pytest.approx(mixer.params.mixing.rms, rel=0.02)


def test_one_name_in_both_is_refused(prepared: Line) -> None:
    mixer = Line(prepared.folder, params()).mixer("mm")
    with pytest.raises(UserError, match=r"song '.*' is in .*, which are trained on together; rename it"):
        mixer.joined(mixer)


def test_it_is_computed_beside_slakh_only() -> None:
    alone = make_params(merge(CHANGE, {"corpora": {"mm": {"targets": ["vocals", "piano"]}}}))
    assert not any(run.system == "iass-slakh" for run in needed_runs(alone, load_paper("iass")))
    both = [run.id for run in needed_runs(params(), load_paper("iass")) if run.system == "iass-slakh"]
    assert both == [RUN]
