"""Training of activity detectors: networks, items by the plain statement of the draw, the objective, resuming."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import CHANGE, Line
from reprosep.audio.frames import clip_frames
from reprosep.base.errors import UserError
from reprosep.experiments.detectors.examples import LabelledClips
from reprosep.experiments.detectors.network import network
from reprosep.experiments.detectors.seconds import Seconds, first_frames, input_frames
from reprosep.experiments.detectors.training import DetectorTraining
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run
from reprosep.jobs.training import recipe_of
from reprosep.models.detectors import Convolutional, ConvolutionalRecurrent, FullyConnected
from reprosep.models.inference import parameter_count
from reprosep.params.scale import merge
from synthetic import make_params
from trainings import assert_same_weights, made

CORPUS = "mm-detection"
INSTRUMENTS = ["male singer", "electric bass", "drum set", "piano"]
KINDS = ["fc", "cnn", "crnn"]
LONGER = ["cnn-5s", "crnn-5s"]
PLAIN = {kind: {"dropout": 0.0} for kind in KINDS}


def changed(**change: Any) -> dict[str, Any]:
    fixed = {"papers": ["activity"], "detection": {"instruments": INSTRUMENTS}, "models": PLAIN}
    return merge(merge(CHANGE, fixed), change)


@pytest.fixture(scope="module")
def line(prepared: Line) -> Line:
    """The synthetic corpora with the seconds of the detectors' songs; to be read, not changed."""
    made = Line(prepared.folder, make_params(changed()))
    made.step("seconds", CORPUS, 1)
    return made


def training(
    line: Line, kind: str = "crnn", detection: dict[str, Any] | None = None, **settings_: Any
) -> DetectorTraining:
    change = changed(corpora={CORPUS: {"settings": {"training": settings_}}}, detection=detection or {})
    params = make_params(change)
    job = made(params, f"{CORPUS}_instruments_{kind}_s42", line.results)
    assert isinstance(job, DetectorTraining)
    return job


# ---- networks ----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 90),
    st.integers(1, 18),
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_shapes(bands: int, frames: int, instruments: int, widths: list[int], seed: int) -> None:
    """Any number of bands and frames, also fewer than are pooled."""
    clips = torch.randn(3, bands, frames, generator=torch.Generator().manual_seed(seed))
    networks = [
        FullyConnected(bands, frames, instruments, widths, 0.3),
        Convolutional(bands, instruments, widths, 0.3),
        ConvolutionalRecurrent(bands, instruments, widths, 5, 0.3),
    ]
    for one in networks:
        one.eval().set_statistics(torch.randn(bands), torch.rand(bands) + 0.5)
        together = one(clips)
        assert together.shape == (3, instruments) and torch.isfinite(together).all()
        torch.testing.assert_close(one(clips[1:2]), together[1:2], atol=1e-5, rtol=1e-4)


def test_sizes_are_those_of_the_parameters() -> None:
    params = make_params(changed()).of_corpus(CORPUS)
    bands, frames, size = params.detection.mels, clip_frames(params), params.models
    one = size.fc.hidden[0]
    c = size.cnn.widths
    dense = bands * frames * one + one + one * 4 + 4
    blocks = 9 * c[0] + 2 * c[0] + 9 * c[0] * c[1] + 2 * c[1]
    hidden = size.crnn.hidden
    recurrent = 2 * 3 * hidden * (c[1] * bands // 4 + hidden + 2)
    counts = (dense, blocks + c[1] * 4 + 4, blocks + recurrent + 2 * hidden * 4 + 4)
    for kind, count in zip(KINDS, counts, strict=True):
        _, system = find_run(make_params(changed()), f"{CORPUS}_instruments_{kind}_s42")
        assert parameter_count(network(system, params)) == count


def test_the_input_is_normalised() -> None:
    network = FullyConnected(3, 4, 2, [5], 0.0).eval()
    clips, mean, scale = torch.randn(2, 3, 4), torch.tensor([1.0, -2, 3]), torch.tensor([2.0, 1, 0.5])
    plain = network((clips - mean[:, None]) / scale[:, None])
    network.set_statistics(mean, scale)
    torch.testing.assert_close(network(clips), plain)
    assert {"input_mean", "input_scale"} <= set(network.state_dict())


# ---- items -------------------------------------------------------------------------------------------------------


def test_statistics_are_those_of_the_training_songs(line: Line) -> None:
    job = training(line)
    seconds = job.examples.seconds
    frames = np.concatenate([seconds.spectrogram(song) for song in seconds.songs("train")], axis=1).astype(float)
    job.begin()
    np.testing.assert_allclose(job.model.input_mean, frames.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(job.model.input_scale, frames.std(axis=1), rtol=1e-5)


def test_a_pass_takes_every_second_once(line: Line) -> None:
    examples = training(line, detection={"offsets": "seconds"}).examples
    count = len(examples.train)
    seconds = examples.seconds
    starts = first_frames(seconds.params, 6)
    assert sorted(examples.train) == sorted((song, start) for song in seconds.songs("train") for start in starts)
    assert {song for song, _ in examples.valid} == set(seconds.songs("valid"))
    first, second = ([examples._place(item) for item in range(a, a + count)] for a in (0, count))
    assert Counter(first) == Counter(second) == Counter(examples.train) and first != second


def test_offsets_stay_near_and_within_the_song(line: Line) -> None:
    near = training(line, detection={"offsets": "any"}).examples
    exact = training(line, detection={"offsets": "seconds"}).examples
    wanted, moved = clip_frames(near.params), Counter[int]()
    for item in range(4 * len(near.train)):
        (song, start), (same, second) = near._place(item), exact._place(item)
        frames = near.seconds.spectrogram(song).shape[1]
        assert song == same and 0 <= start <= frames - wanted and abs(start - second) <= wanted // 2
        moved[start - second] += 1
    assert len(moved) > 15 and min(moved) < -5 and max(moved) > 5


def test_labels_are_those_of_the_very_clip(line: Line) -> None:
    examples = training(line).examples
    batch, wanted = examples.prepare(0, 40), clip_frames(examples.params)
    for item in range(40):
        song, start = examples._place(item)
        part = slice(start, start + wanted)
        assert np.array_equal(batch.spectrograms[item], examples.seconds.spectrogram(song)[:, part])
        plays = [row[part].any() for row in examples.seconds.frame_labels(song)]
        assert batch.labels[item].tolist() == [float(one) for one in plays]
    assert batch.labels.dtype == torch.float32 and 0 < batch.labels.mean() < 1


def test_validation_is_every_second_with_its_label(line: Line) -> None:
    examples = training(line).examples
    batch = examples.validation(0, 10**6)
    songs = examples.seconds.songs("valid")
    expected = np.concatenate([examples.seconds.labels[song] for song in songs])
    assert np.array_equal(batch.labels.numpy().astype(bool), expected)
    assert np.array_equal(batch.spectrograms, np.concatenate([examples.seconds.clips(song) for song in songs]))


def test_an_item_is_a_function_of_seed_and_number(line: Line) -> None:
    seconds = training(line).examples.seconds
    one, other = (LabelledClips(seconds, 42) for _ in range(2))
    backwards = [other.prepare(item, 1) for item in range(99, -1, -1)][::-1]
    forwards = one.prepare(0, 100)
    assert torch.equal(forwards.spectrograms, torch.cat([item.spectrograms for item in backwards]))
    assert torch.equal(forwards.labels, torch.cat([item.labels for item in backwards]))
    assert [one._place(item) for item in range(30)] != [LabelledClips(seconds, 43)._place(item) for item in range(30)]


# ---- items of several seconds ------------------------------------------------------------------------------------


def test_a_longer_input_holds_the_frames_of_its_seconds(line: Line) -> None:
    params = training(line).examples.params  # 31.25 frames a second
    assert [input_frames(params, clips) for clips in (1, 2, 5)] == [31, 62, 156]


@pytest.mark.parametrize("kind", LONGER)
def test_a_longer_input_begins_with_every_second_that_it_fits_behind(line: Line, kind: str) -> None:
    """The songs have six seconds."""
    examples = training(line, kind, detection={"offsets": "seconds"}).examples
    songs = examples.seconds.songs("train")
    assert examples.train == [(song, start) for song in songs for start in (0, 31)]
    assert {examples._place(item) for item in range(len(examples.train))} == set(examples.train)
    assert [song for song, _ in examples.valid] == [song for song in examples.seconds.songs("valid") for _ in range(2)]


def test_labels_of_a_longer_input_are_what_plays_anywhere_in_it(line: Line) -> None:
    examples = training(line, "crnn-5s").examples
    batch, starts = examples.prepare(0, 40), set()
    assert batch.spectrograms.shape == (40, examples.params.detection.mels, 156)
    for item in range(40):
        song, start = examples._place(item)
        whole = examples.seconds.spectrogram(song)
        assert 0 <= start <= whole.shape[1] - 156
        assert np.array_equal(batch.spectrograms[item], whole[:, start : start + 156])
        plays = [row[start : start + 156].any() for row in examples.seconds.frame_labels(song)]
        assert batch.labels[item].tolist() == [float(one) for one in plays]
        starts.add(start)
    assert len(starts) > 10  # they begin anywhere near a second
    shorter = training(line).examples.prepare(0, 40)
    assert batch.labels.mean() > shorter.labels.mean()


OWN = make_params(changed()).of_corpus(CORPUS)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(160, 1400), st.sampled_from([8000, 11025, 16000]), st.sampled_from([128, 250, 333]), st.integers(2, 9)
)
def test_a_longer_input_fits_into_every_song_that_has_its_seconds(frames: int, rate: int, hop: int, clips: int) -> None:
    """Whatever the rounding of their first frames."""
    audio, stft = OWN.audio.model_copy(update={"sample_rate": rate}), OWN.stft.model_copy(update={"hop": hop})
    params = OWN.model_copy(update={"audio": audio, "stft": stft})
    examples = object.__new__(LabelledClips)
    examples.params, examples.clips, examples.frames = params, clips, input_frames(params, clips)
    examples.seconds = _OneSong(params, frames)  # type: ignore[assignment]
    count = examples.seconds.count(frames)
    if count < clips:
        with pytest.raises(UserError, match=f"has {count} whole seconds; expected one at least as long"):
            examples._places("train")
        return
    starts = [start for _, start in examples._places("train")]
    assert len(starts) == count - clips + 1 and 0 <= starts[-1] <= frames - examples.frames
    assert np.abs(np.array(starts) - np.arange(len(starts)) * rate / hop).max() <= 1.5


class _OneSong(Seconds):
    def __init__(self, params: Any, frames: int) -> None:
        self.params, self.corpus = params, CORPUS
        self.whole = np.zeros((1, frames), np.float32)

    def songs(self, split: str) -> list[str]:
        return ["song"]

    @property
    def labels(self) -> dict[str, np.ndarray]:  # type: ignore[override]
        return {"song": np.zeros((self.count(self.whole.shape[1]), 1), bool)}

    def spectrogram(self, song: str) -> np.ndarray:
        return self.whole


def test_songs_that_a_longer_input_does_not_fit_into(line: Line) -> None:
    seconds = training(line).examples.seconds
    assert len(LabelledClips(seconds, 42, input_seconds=6).train) == len(seconds.songs("train"))
    with pytest.raises(UserError) as caught:
        LabelledClips(seconds, 42, input_seconds=7)
    told = f"corpora.{CORPUS}: input_seconds of a detector: 7, but the longest of its songs for 'train' has 6 whole"
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)


def test_shorter_songs_are_left_out(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = training(line).examples.seconds
    short = seconds.songs("train")[0]
    monkeypatch.setitem(seconds.labels, short, seconds.labels[short][:4])
    assert {song for song, _ in LabelledClips(seconds, 42, input_seconds=5).train} == set(seconds.songs("train")[1:])


def test_a_training_with_a_longer_input_is_another(line: Line) -> None:
    params = make_params(changed())
    run, system = find_run(params, f"{CORPUS}_instruments_crnn-5s_s42")
    other = system.model_copy(update={"input_seconds": 4})
    assert recipe_of(params, run, system, line.results) != recipe_of(params, run, other, line.results)
    sizes = [
        parameter_count(network(one, params.of_corpus(CORPUS)))
        for one in (system, find_run(params, f"{CORPUS}_instruments_crnn_s42")[1])
    ]
    assert sizes[0] == sizes[1]


# ---- the objective -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_the_cross_entropy_of_all_labels(line: Line, kind: str) -> None:
    job = training(line, kind)
    batch = job.examples.finish(job.examples.prepare(0, 8))
    job.model.eval()
    loss, told = (one.detach() for one in job.losses_of(batch))
    p = torch.sigmoid(job.model(batch.spectrograms).double()).detach().numpy()
    y = batch.labels.numpy()
    assert float(loss) == float(told[0]) == pytest.approx(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_adams(line: Line, kind: str) -> None:
    job = training(line, kind, schedule="plateau", batch_size=8)
    twin, chosen = copy.deepcopy(job.model).train(), job.params.training.optimizer
    batch = job.examples.prepare(0, 8)
    plain = torch.optim.Adam(twin.parameters(), lr=chosen.learning_rate, weight_decay=chosen.weight_decay)
    p = torch.sigmoid(twin(batch.spectrograms))
    (-(batch.labels * p.log() + (1 - batch.labels) * (1 - p).log()).mean()).backward()
    plain.step()
    job.model.train()
    job.step(0)
    for mine, other in zip(job.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=2e-5, rtol=1e-3)


def test_the_validation_loss_is_the_mean_over_clips(line: Line) -> None:
    """Whatever the batches are: the last one is smaller."""
    job = training(line, "cnn", batch_size=5)
    assert len(job.examples.valid) % 5
    whole = job.examples.validation(0, len(job.examples.valid))
    expected = float(job.loss(job.model.eval(), whole).detach())
    assert job.validate() == {"valid_loss": pytest.approx(expected, rel=1e-5)}
    assert job.validated_seconds == len(job.examples.valid)


# ---- the whole training ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "crnn-5s"])
def test_stopped_and_resumed_is_the_same(line: Line, tmp_path: Path, kind: str) -> None:
    """In the middle of an epoch, with dropout and another order of passes: bit for bit."""
    same: dict[str, Any] = {"epochs": 3, "items_per_epoch": None, "batch_size": 4}
    with_dropout = {"models": {kind.removesuffix("-5s"): {"dropout": 0.3}}}

    def job() -> DetectorTraining:
        params = make_params(merge(changed(corpora={CORPUS: {"settings": {"training": same}}}), with_dropout))
        halfway = made(params, f"{CORPUS}_instruments_{kind}_s42", line.results)
        assert isinstance(halfway, DetectorTraining)
        return halfway

    whole = job()
    assert whole.steps >= 2
    whole.run(tmp_path / "whole", "a")
    halted = job()
    steps = halted.running(tmp_path / "parts", "a")
    for _ in range(2 + halted.steps):  # the first tells what was done before
        next(steps)
    halted.stop.reason = "SIGTERM"
    with pytest.raises(Exception, match="stopped by SIGTERM in epoch 2 after 1 of"):
        list(steps)
    torch.rand(7)  # other draws from torch's state in between
    job().run(tmp_path / "parts", "a")
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(tmp_path / "whole", tmp_path / "parts", name)


def test_it_learns(line: Line, tmp_path: Path) -> None:
    settings = {"epochs": 8, "items_per_epoch": 64, "optimizer": {"learning_rate": 1.0e-2}}
    losses = [epoch["train_loss"] for epoch in training(line, "cnn", **settings).run(tmp_path, "a").epochs]
    assert losses[-1] < 0.8 * losses[0]


def test_inputs_are_the_seconds(line: Line) -> None:
    params = make_params(changed())
    run, system = find_run(params, f"{CORPUS}_instruments_cnn_s42")
    files = kind_of(system).training_reads(run, system).files
    seconds = {Path(name).name for name in files if Path(name).parent.name == "seconds"}
    assert seconds == {"index.parquet", "labels.parquet"}
    assert all((line.results / name).is_file() for name in files)
