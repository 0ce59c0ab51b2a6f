"""A training item is the same wherever the recordings lie, whoever prepares it, and as the mixer renders it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import CHANGE, Line
from reprosep.audio.store import SongArrays, save_array, write_table
from reprosep.experiments.target.examples import Examples, Mixed
from reprosep.mixtures.mixing import recipes_of
from reprosep.params.scale import merge
from reprosep.params.work import Machine
from reprosep.training import recordings as placements
from reprosep.training.checkpoint import LAST
from reprosep.training.feed import Feed
from reprosep.training.recordings import (
    CopyInMemory,
    CopyOnDevice,
    Excerpts,
    MappedRecordings,
    Placement,
    Recordings,
    place,
    placement_for,
)
from synthetic import make_params
from trainings import IASS, UNMIX, assert_same_weights, made

CPU = torch.device("cpu")
HOP, CHANNELS = 16, 2
LENGTHS = {"a": 100, "b": 64, "c": 7}  # samples: no multiple of the hop, a multiple, less than one
GIGABYTE = 10**9


def stored(folder: Path) -> SongArrays:
    random = np.random.default_rng(1)
    for song, length in LENGTHS.items():
        save_array(folder / f"{song}.npy", random.integers(-(2**15), 2**15, (2, length, CHANNELS), dtype=np.int16))
    rows = [
        {"song": song, "stem": f"{song}{row}", "row": row, "file": f"{song}.npy"} for song in LENGTHS for row in (0, 1)
    ]
    write_table(folder / "index.parquet", pd.DataFrame(rows))
    return SongArrays(folder)


def gathered(recordings: Recordings, excerpts: Excerpts) -> torch.Tensor:
    return recordings.collect(recordings.locate(excerpts), excerpts.samples)


def machine(**changes: object) -> Machine:
    standard = {"checkpoint_minutes": 10, "trainings_per_gpu": 1, "side_by_side": False}
    return Machine.model_validate({**standard, "recordings": "auto", "recordings_gigabytes": 40.0, **changes})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SongArrays:
    return stored(tmp_path_factory.mktemp("store"))


PLACES = st.none() | st.tuples(
    st.tuples(st.sampled_from("abc"), st.integers(0, 1)), st.integers(0, 8).map(lambda n: n * HOP)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=6), st.integers(1, 150))
def test_every_placement_gathers_what_the_files_hold(store: SongArrays, places: list, samples: int) -> None:
    stems = [(song, row) for song in LENGTHS for row in (0, 1)]
    excerpts = Excerpts(places, samples)
    plain = np.zeros((len(places), samples, CHANNELS), np.int16)
    for found, part in zip(places, plain, strict=True):
        if found:
            (song, row), start = found
            sound = np.load(store.folder / f"{song}.npy")[row, start : start + samples]
            part[: len(sound)] = sound
    every: list[Recordings] = [
        MappedRecordings(store, CHANNELS),
        CopyInMemory(store, stems, HOP, CHANNELS, CPU),
        CopyOnDevice(store, stems, HOP, CHANNELS, CPU),
    ]
    assert {one.placement for one in every} == set(get_args(Placement))
    for one in every:
        np.testing.assert_array_equal(gathered(one, excerpts).numpy(), plain)
        for found, part in zip(places, plain, strict=True):
            read = one.read(*found, samples) if found else np.zeros((0, CHANNELS))
            np.testing.assert_array_equal(read[: len(part)], part[: len(read)])
            assert not part[len(read) :].any()


@pytest.mark.parametrize(("corpus", "target", "swap"), [("musdb", "drums", True), ("mm", "vocals", False)])
@pytest.mark.parametrize("placement", get_args(Placement))
def test_items_are_those_of_the_mixer(
    prepared: Line, corpus: str, target: str, swap: bool, placement: Placement
) -> None:
    mixer = prepared.mixer(corpus)
    stems = list(zip(mixer.stems["song"], mixer.stems["row"].tolist(), strict=True))
    hop = prepared.params.stft.hop
    recordings = place(mixer.store, stems, hop, mixer.corpus.channels, machine(recordings=placement), CPU)
    assert recordings.placement == placement
    examples = Examples(prepared.params, mixer, target, 42, swap, recordings=recordings)
    items = examples.prepare(5, 40)
    targets, mixtures = items.waves if isinstance(items, Mixed) else examples.waves(items)
    recipes = [mixer.training_recipe(examples.pool, 42, 5 + number) for number in range(40)]
    located = examples._located(recipes, items.labels, items.labels.shape[-1])
    assert torch.equal(examples.waves(located), torch.stack([targets, mixtures]))
    swapped = 0
    for number in range(40):
        recipe = mixer.training_recipe(examples.pool, 42, 5 + number)
        target_wave, mixture = mixer.render(recipe, swap)
        np.testing.assert_array_equal(targets[number].numpy(), target_wave)
        np.testing.assert_array_equal(mixtures[number].numpy(), mixture)
        np.testing.assert_array_equal(items.labels[number].numpy(), mixer.labels(recipe, items.labels.shape[1]))
        swapped += any(excerpt.swap for excerpt in recipe.excerpts)
    assert swapped


@pytest.mark.parametrize("ahead", [False, True])
def test_batches_in_any_order_are_the_same_with_and_without_preparation(prepared: Line, ahead: bool) -> None:
    examples = Examples(prepared.params, prepared.mixer("mm"), "vocals", 42, False)
    feed = Feed(examples, ahead)
    for first in (0, 4, 8, 40, 44, 0):  # 40 is not what was said to follow
        found, expected = feed.batch(first, 4, first + 4), examples.batch(first, 4)
        for name in ("target", "mixture", "labels"):
            assert torch.equal(getattr(found, name), getattr(expected, name))


def test_an_error_of_the_preparation_is_that_of_the_batch(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Examples(prepared.params, prepared.mixer("mm"), "vocals", 42, False)
    feed = Feed(examples, ahead=True)

    def prepare(first: int, count: int) -> None:
        raise OSError(f"item {first} cannot be read")

    feed.batch(0, 4, 4)
    feed._next[1].result()  # type: ignore[index]
    monkeypatch.setattr(examples, "prepare", prepare)
    feed.batch(4, 4, 8)
    with pytest.raises(OSError, match="item 8"):
        feed.batch(8, 4, 12)


@pytest.mark.parametrize(
    ("size", "device", "on_gpu", "free", "expected"),
    [
        (39, "cuda", 80, 1000, "device"),
        (39, "cuda", 70, 1000, "memory"),
        (41, "cuda", 141, 1000, "memory"),
        (41, "cuda", 141, 50, "map"),
        (1, "cpu", 0, 1000, "map"),
    ],
)
def test_where_recordings_lie(
    size: int, device: str, on_gpu: int, free: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placements, "free_device_memory", lambda _: on_gpu * GIGABYTE)
    monkeypatch.setattr(placements, "free_memory", lambda: free * GIGABYTE)
    assert placement_for(machine(), size * GIGABYTE, torch.device(device)) == expected
    assert placement_for(machine(recordings="map"), size * GIGABYTE, torch.device(device)) == "map"


@pytest.mark.parametrize("identifier", [IASS, UNMIX])
def test_weights_are_the_same_wherever_the_recordings_lie(prepared: Line, tmp_path: Path, identifier: str) -> None:
    """Also where the batches are cut and mixed as on a GPU, and prepared by another thread."""
    settings = {"training": {"epochs": 2, "items_per_epoch": 16}}
    for placement in get_args(Placement):
        params = make_params(merge(CHANGE, {**settings, "machine": {"recordings": placement}}))
        job = made(params, identifier, prepared.results)
        assert job.examples.recordings.placement == placement
        if placement == "device":
            job.feed = Feed(job.examples, ahead=True)
        job.run(tmp_path / placement, "recipe")
        assert_same_weights(tmp_path / "map", tmp_path / placement, LAST)


@pytest.mark.parametrize(("gigabytes", "renderings"), [(1.0, 1), (0.0, 2)])
def test_validation_songs_are_kept_for_a_gpu(
    prepared: Line, gigabytes: float, renderings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = make_params(merge(CHANGE, {"machine": {"validation_gigabytes": gigabytes}}))
    examples = Examples(params, prepared.mixer("mm"), "vocals", 42, False)
    recipes = recipes_of(examples.mixer.mixtures("vocals"), "vocals", "valid")
    plain = [song.mixture for song in examples.songs(recipes)]
    rendered: list[str] = []
    render = examples.mixer.render
    monkeypatch.setattr(examples.mixer, "render", lambda recipe: rendered.append(recipe.name) or render(recipe))
    examples.keep_songs = True
    for _ in range(2):
        for song, expected in zip(examples.songs(recipes), plain, strict=True):
            assert torch.equal(song.mixture, expected)
    assert len(rendered) == renderings * len(recipes)
