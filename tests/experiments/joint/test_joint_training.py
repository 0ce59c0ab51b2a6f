"""One network for several targets: its items are those of the networks of one target, and so are its test songs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from conftest import Answer, Line
from reading import files_read
from reprosep.audio.store import read_table
from reprosep.audio.writing import write_sound
from reprosep.base.files import read_json
from reprosep.dag.plan import Plan
from reprosep.experiments.joint.examples import JointExamples
from reprosep.experiments.joint.scores import JointScorer
from reprosep.experiments.joint.songs import held_songs
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.target.examples import Examples
from reprosep.papers.loading import load_paper
from reprosep.results.spot_check import recompute
from trainings import made

PAPERS: dict[str, Any] = {"papers": ["iass", "beyond"]}


@pytest.fixture
def beyond(linked: Callable[[dict[str, Any]], Line]) -> Line:
    return linked(PAPERS)


@pytest.fixture
def run_name(beyond: Line) -> str:
    count = len(load_paper("beyond").systems["iass-joint"].targets)
    count = min(count, len([one for one in beyond.params.corpora["mm"].targets]))
    return f"mm_{count}-targets_iass-joint_s42"


def examples(line: Line) -> JointExamples:
    targets = line.params.corpora["mm"].targets
    return JointExamples(line.params, line.mixer("mm"), targets, 42)


def test_items_are_those_of_the_single_networks_in_turn(beyond: Line) -> None:
    joint = examples(beyond)
    count = len(joint.targets)
    batch = joint.batch(0, 2 * count)
    for number, target in enumerate(joint.targets):
        single = Examples(beyond.params, beyond.mixer("mm"), target, 42, False).batch(0, 2)
        own = batch.mixture[number::count], batch.target[number::count, number], batch.labels[number::count, number]
        torch.testing.assert_close(own[0], single.mixture, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(own[1], single.target, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(own[2], single.labels)


def test_the_other_targets_of_an_item_are_what_accompanies(beyond: Line) -> None:
    joint = examples(beyond)
    items = joint.prepare(0, 12)
    waves = joint.waves(items)
    recipes = [joint.recipe(number) for number in range(12)]
    classes = {
        (song, row): name
        for song, row, name in zip(*(joint.mixer.stems[key] for key in ("song", "row", "target")), strict=True)
    }
    accompanied = 0
    for number, recipe in enumerate(recipes):
        for place, target in enumerate(joint.targets):
            there = [e for e in recipe.excerpts if classes[e.song, e.row] == target]
            accompanied += bool(there) and there[0].role == "accompaniment"
            assert bool(waves[1 + place, number].any()) == any(
                joint.mixer.store.read((e.song, e.row), e.start, recipe.length).any() for e in there
            )
        if all(classes[e.song, e.row] in joint.targets for e in recipe.excerpts):
            torch.testing.assert_close(waves[1:, number].sum(dim=0), waves[0, number])
    assert accompanied


def test_validation_songs_hold_what_the_single_networks_are_judged_on(beyond: Line) -> None:
    joint = examples(beyond)
    songs = held_songs(beyond.results / "mm", joint.targets, "valid")
    for target in joint.targets:
        table = read_table(beyond.results / "mm" / "mixtures" / f"{target}.parquet")
        expected = set(table.loc[table["split"] == "valid", "mixture"])
        assert {song.name for song in songs if target in song.recipes} == expected
    for song, example in zip(songs, joint.held(songs), strict=True):
        assert example.target.shape[1] == len(song.recipes) == example.labels.shape[1]
        assert example.mixture.shape[0] == 1


def test_trained_scored_and_checked(beyond: Line, run_name: str, reprosep: Callable[..., Answer]) -> None:
    params = beyond.params
    run, system = find_run(params, run_name)
    assert run.targets == tuple(params.corpora["mm"].targets)
    with files_read(beyond.results) as read:
        training = made(params, run_name, beyond.results)
        training.begin()
        training.step(0)
        training.validate()
    told = {name for name in read if name.endswith((".parquet", ".csv", ".safetensors"))}
    assert told == {*kind_of(system).training_reads(run, system).files}
    beyond.step("train", [run_name])
    record = read_json(beyond.results / "runs" / run_name / "run.json")
    assert record["target"] == run.target and record["parameters"] > 0
    beyond.step("score", [run_name], 1)
    scores = read_table(beyond.results / "scores" / f"{run_name}.parquet")
    assert set(scores["variant"]) == {"none", "raw", "median", "oracle"}
    for target in run.targets:
        mixtures = read_table(beyond.results / "mm" / "mixtures" / f"{target}.parquet")
        assert set(scores.loc[scores["target"] == target, "song"]) == set(
            mixtures.loc[mixtures["split"] == "test", "mixture"]
        )
    activity = read_table(beyond.results / "scores" / f"{run_name}.activity.parquet")
    assert set(activity["target"]) == set(scores["target"])
    scorer = scorer_for(params, run, system, beyond.results)
    assert isinstance(scorer, JointScorer)
    recipe = scorer.recipes()[0]
    mine = scores[(scores["song"] == recipe.name) & (scores["variant"] == "raw")]
    again = recompute(scorer, recipe, "raw", mine)
    np.testing.assert_allclose(again.stored, again.expected, atol=1e-5)
    target = next(iter(scorer.songs[recipe.name].recipes))
    assert scorer.estimate_to_hear(recipe, target).wave.shape == scorer.scene(recipe)[target].mixture.shape
    mixture = beyond.folder / "mixture.wav"
    write_sound(mixture, scorer.scene(recipe)[target].mixture.T, params.audio.sample_rate)
    folder = beyond.folder / "out"
    answer = reprosep("separate", mixture, "--run", beyond.results / "runs" / run_name, "--output", folder)
    assert answer.status == 0, answer.err
    assert len(list(folder.rglob("*.wav"))) >= len(run.targets)


def test_it_is_one_job_without_company(beyond: Line, run_name: str) -> None:
    plan = Plan(beyond.params)
    assert run_name in plan.alone and run_name in plan.with_heads
    assert {one.seed for one, system in plan.runs.values() if system.kind == "joint"} == {42, 43, 44}
