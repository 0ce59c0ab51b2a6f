"""Validation of whole songs: several at once on a GPU have the errors that they have one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from conftest import Line
from reprosep.experiments.target import training as target_training
from reprosep.experiments.target.validation import groups_of, songs_at_once
from reprosep.models import iass
from reprosep.models.open_unmix import OpenUnmix
from trainings import IASS, UNMIX, TargetTraining, training

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def of_many_lengths(job: TargetTraining) -> TargetTraining:
    """The same, validated on songs of five lengths."""
    job.recipes = [replace(job.recipes[0], length=job.recipes[0].length * part // 10) for part in (7, 10, 3, 9, 5)]
    return job


@pytest.mark.parametrize("most", [2, 4, 100])
def test_songs_at_once_have_the_same_errors(prepared: Line, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    job = of_many_lengths(training(prepared, UNMIX))
    alone = job.validate()["valid_mse"]
    monkeypatch.setattr(target_training, "songs_at_once", lambda *_: most)
    seen = []
    recur = OpenUnmix.recur
    monkeypatch.setattr(
        OpenUnmix, "recur", lambda self, x, frames=None: (seen.append(frames), recur(self, x, frames))[1]
    )
    assert job.validate()["valid_mse"] == pytest.approx(alone, rel=1e-6)
    assert [len(frames or [0]) for frames in seen] == {2: [2, 2, 1], 4: [4, 1], 100: [5]}[most]


def test_a_song_in_company_counts_as_much_as_alone(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    job = of_many_lengths(training(prepared, UNMIX))
    monkeypatch.setattr(target_training, "songs_at_once", lambda *_: 4)
    recipes, each = job.recipes, []
    for recipe in recipes:
        job.recipes = [recipe]
        each.append(job.validate()["valid_mse"])
    job.recipes = recipes
    assert len({*each}) == len(each)
    assert job.validate()["valid_mse"] == pytest.approx(sum(each) / len(each), rel=1e-6)


def test_a_stop_between_songs_at_once_ends_the_validation(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    job = of_many_lengths(training(prepared, UNMIX))
    monkeypatch.setattr(target_training, "songs_at_once", lambda *_: 2)
    songs, begun = job.examples.songs, []

    def stopping(recipes: list[object]) -> object:
        for song in songs(recipes):  # type: ignore[arg-type]
            begun.append(song)
            if len(begun) == 3:
                job.stop.reason = "SIGTERM"
            yield song

    monkeypatch.setattr(job.examples, "songs", stopping)
    job.validate()
    assert len(begun) <= 3


def test_songs_of_one_length_are_heard_together() -> None:
    assert groups_of([30, 10, 20, 40], range(4), 1) == [[0], [1], [2], [3]]
    assert groups_of([30, 10, 20, 40], range(4), 2) == [[1, 2], [0, 3]]
    assert groups_of([30, 10, 20, 40], [3, 0, 1], 8) == [[1, 0, 3]]
    assert groups_of([], [], 2) == []


def test_only_recurrent_networks_on_a_gpu_hear_several(prepared: Line) -> None:
    recurrent, convolutional = OpenUnmix(16, 33, 1, 8), iass.IASS(16, 33, 1, 1, 4)
    wanted = prepared.params.machine.validation_songs
    assert wanted > 1
    cases = [(recurrent, CUDA), (recurrent, CPU), (convolutional, CUDA), (convolutional, CPU)]
    assert [songs_at_once(*case, prepared.params) for case in cases] == [wanted, 1, 1, 1]


@pytest.mark.parametrize("name", [UNMIX, IASS])
def test_songs_are_validated_one_by_one_on_a_processor(
    prepared: Line, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    job = of_many_lengths(training(prepared, name))
    heard, songs = [], job.examples.songs
    monkeypatch.setattr(job.examples, "songs", lambda recipes: (heard.append(len(recipes)), songs(recipes))[1])
    job.validate()
    assert heard == [1] * 5
