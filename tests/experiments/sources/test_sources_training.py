"""Training of networks that separate all sources: chunks, items, one step against its plain statement, resuming."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conftest import CHANGE, Line
from reprosep.audio.store import read_table
from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.experiments.sources.chunks import choose_chunks
from reprosep.experiments.sources.training import SourcesTraining
from reprosep.mixtures.mixing import Mixer
from reprosep.mixtures.source_songs import SourceSongs, energy_table
from reprosep.params.scale import merge
from reprosep.training.loop import Training
from synthetic import make_params
from trainings import TIMES, assert_same_weights, made

CORPUS = "musdb-mono"
FOUR = ["vocals", "drums", "bass", "other"]
UNIT, CONDITIONED = "musdb-mono_4-sources_uw-4_s42", "musdb-mono_4-sources_c-u-net-4_s42"


@pytest.fixture(scope="module")
def line(prepared: Line) -> Line:
    """The synthetic corpora with the energies of their sources; to be read, not changed."""
    made = Line(prepared.folder, make_params(merge(CHANGE, {"papers": ["munet"]})))
    made.step("energies", CORPUS)
    return made


def training(
    line: Line, identifier: str, system_change: dict[str, Any] | None = None, dropout: float = 0.1, **settings: Any
) -> SourcesTraining:
    change = {"papers": ["munet"], "corpora": {CORPUS: {"settings": {"training": settings}}}}
    params = make_params(merge(CHANGE, {**change, "models": {"u-net": {"dropout": dropout}}}))
    job = made(params, identifier, line.results, **(system_change or {}))
    assert isinstance(job, SourcesTraining)
    return job


def energies(line: Line) -> Any:
    return read_table(line.results / CORPUS / "energies.parquet")


# ---- chunks ------------------------------------------------------------------------------------------------------


def test_energies_are_sums_of_squares_of_whole_chunks(line: Line) -> None:
    table = energies(line)
    params = line.params.of_corpus(CORPUS)
    folder = line.results / CORPUS
    mixer = Mixer(params, CORPUS, read_table(folder / "catalog.parquet"), folder)
    length = SourceSongs(mixer).chunk_samples
    assert length % params.stft.hop == 0 and length <= params.training.chunk_seconds * params.audio.sample_rate
    row = table.iloc[7]
    stems = mixer.stems[mixer.stems["song"] == row["song"]]
    samples = mixer.store.load(row["song"])[:, row["start"] : row["start"] + length, 0].astype(float) / 32768
    of = {target: samples[number] for number, target in zip(stems["row"], stems["target"], strict=True)}
    of["accompaniment"] = of["drums"] + of["bass"] + of["other"]
    of["mixture"] = of["accompaniment"] + of["vocals"]
    mine = table[(table["song"] == row["song"]) & (table["start"] == row["start"])].set_index("source")["energy"]
    assert set(mine.index) == set(of)
    for source, wave in of.items():
        assert mine[source] == pytest.approx(float((wave**2).sum()), rel=1e-5)


def test_silent_chunks_are_left_out_of_training_only(line: Line) -> None:
    table = energies(line).copy()
    first = table["start"] == 0
    table.loc[first & (table["source"] == "vocals"), "energy"] = 0.5
    params = line.params.of_corpus(CORPUS)
    kept, every = (choose_chunks(params, table, FOUR, wanted) for wanted in (True, False))
    assert all(start for _, start in kept.train) and not all(start for _, start in every.train)
    assert kept.valid == every.valid
    # Whether drums are silent is of no concern to vocals and accompaniment, and energies are of all training chunks.
    two = choose_chunks(params, energies(line), ["vocals", "accompaniment"], True)
    assert len(two.train) == len(every.train)
    np.testing.assert_array_equal(kept.energies, every.energies)


def test_validation_by_chunk_shares_songs_and_by_song_does_not(line: Line) -> None:
    table = energies(line)
    splits = dict(zip(table["song"], table["split"], strict=True))
    by_chunk = choose_chunks(line.params.of_corpus(CORPUS), table, FOUR, True)
    own = {song for song, split in splits.items() if split != "test"}
    assert {song for song, _ in by_chunk.train} == own and {song for song, _ in by_chunk.valid} <= own
    assert not set(by_chunk.train) & set(by_chunk.valid)
    changed = make_params(merge(CHANGE, {"chunks": {"validation": "song"}})).of_corpus(CORPUS)
    by_song = choose_chunks(changed, table, FOUR, True)
    assert {splits[song] for song, _ in by_song.train} == {"train"}
    assert {splits[song] for song, _ in by_song.valid} == {"valid"}


def test_no_chunk_left_is_told(line: Line) -> None:
    silent = energies(line).assign(energy=0.1)
    with pytest.raises(UserError, match=r"no training chunk of 1\.5 s is left for vocals.*silence_filter to false"):
        choose_chunks(line.params.of_corpus(CORPUS), silent, FOUR, True)


def test_stereo_is_told(prepared: Line) -> None:
    with pytest.raises(UserError, match="2 channels, but networks that separate all sources are for mono"):
        energy_table(SourceSongs(prepared.mixer("musdb")))


# ---- items -------------------------------------------------------------------------------------------------------


def test_every_pass_has_every_chunk_once_in_an_order_of_its_own(line: Line) -> None:
    examples = training(line, UNIT).examples
    first, second = (
        [examples._passes[number * examples.items + item] for item in range(examples.items)] for number in (0, 1)
    )
    assert sorted(first) == sorted(second) == list(range(examples.items)) and first != second
    assert examples.items == len(examples.chosen.train)


@pytest.mark.parametrize(("way", "count"), [("paper", 4), ("code", 6)])
def test_conditions_make_items_and_their_targets(line: Line, way: str, count: int) -> None:
    change = {"papers": ["munet"], "models": {"c-u-net": {"conditions": way}}}
    params = make_params(merge(CHANGE, change))
    examples: Any = made(params, CONDITIONED, line.results).examples
    plain = training(line, UNIT).examples
    assert examples.items == count * len(examples.chosen.train)
    batch = examples.validation(0, count)  # one chunk under every condition
    sources = plain.validation(0, 1).sources
    assert batch.condition is not None and batch.sources.shape == (count, 1, *sources.shape[2:])
    for item in range(4):
        torch.testing.assert_close(batch.sources[item, 0], sources[0, item])
    if way == "code":
        torch.testing.assert_close(batch.sources[4, 0], sources[0].sum(dim=0))
        assert not batch.sources[5].any()


def test_a_dedicated_network_estimates_its_source_of_the_setting(line: Line) -> None:
    one = training(line, "musdb-mono_bass_dedicated-4_s42").examples.validation(0, 2)
    four = training(line, UNIT).examples.validation(0, 2)
    torch.testing.assert_close(one.sources[:, 0], four.sources[:, 2])
    torch.testing.assert_close(one.mixture, four.mixture)
    pair = training(line, "musdb-mono_accompaniment_dedicated-2_s42").examples
    assert pair.setting == ["vocals", "accompaniment"]


# ---- a step ------------------------------------------------------------------------------------------------------


def warped(magnitudes: np.ndarray, bins: int) -> np.ndarray:
    """Logarithmic frequencies by linear interpolation, ``(…, bin, frame)``."""
    position = np.linspace(-1, 1, bins)
    rows = ((21 ** ((position + 1) / 2) - 11) / 10 + 1) / 2 * (magnitudes.shape[-2] - 1)
    low = np.clip(np.floor(rows).astype(int), 0, magnitudes.shape[-2] - 2)
    share = (rows - low)[:, None]
    return magnitudes[..., low, :] * (1 - share) + magnitudes[..., low + 1, :] * share


@pytest.mark.parametrize("loss", ["indirect", "direct"])
def test_one_step_is_the_plain_statement_of_the_equations(line: Line, loss: str) -> None:
    sgd = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.0}
    job = training(line, UNIT, {"loss": loss, "weights": "ebw-p1"}, 0.0, optimizer=sgd, schedule="plateau")
    model = copy.deepcopy(job.model)
    batch = job.examples.finish(job.examples.prepare(0, job.params.training.batch_size))
    job.model.train()
    told = job.step(0)

    songs, chosen, bins = job.examples.songs, job.examples.chosen, job.params.models.u_net.bins
    order = np.random.Generator(np.random.Philox(key=[42, (1 << 34)])).permutation(len(chosen.train))
    sources = []
    for song, start in [chosen.train[number] for number in order[: job.params.training.batch_size]]:
        stems = songs.mixer.stems[songs.mixer.stems["song"] == song].set_index("target")["row"]
        array = songs.mixer.store.load(song)[..., 0].astype(np.float32) / 32768
        sources.append([array[stems[name], start : start + songs.chunk_samples] for name in FOUR])
    waves = np.array(sources)
    waves = np.concatenate([waves, waves.sum(axis=1, keepdims=True)], axis=1)
    found = torch.stft(
        torch.from_numpy(waves).flatten(0, 1),
        1022,
        256,
        window=torch.hann_window(1022),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    magnitudes = found.abs().numpy().reshape(*waves.shape[:2], *found.shape[1:]) + np.finfo(np.float32).eps
    spectrum = torch.from_numpy(warped(magnitudes, bins).astype(np.float32))
    torch.testing.assert_close(batch.sources, spectrum[:, :4], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(batch.mixture, spectrum[:, 4:], rtol=1e-3, atol=1e-4)
    # Where nothing plays the logarithm is of rounding errors: from here on with the same ones.
    mixture = batch.mixture
    ideal = torch.clamp(batch.sources / mixture, 0, 10)
    model.train()
    masks, _ = model(torch.log(mixture))
    difference = torch.abs(masks - ideal) if loss == "direct" else torch.abs(masks * mixture - ideal * mixture)
    each = difference.mean(dim=(0, 2, 3))
    weights = torch.tensor(chosen.energies.max() / chosen.energies, dtype=torch.float32)
    total = (weights * each).sum()
    total.backward()

    torch.testing.assert_close(told[0], total.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(told[2:], each.detach(), rtol=1e-4, atol=1e-6)
    for (name, mine), plain in zip(job.model.named_parameters(), model.parameters(), strict=True):
        assert plain.grad is not None
        torch.testing.assert_close(mine, plain - 0.05 * plain.grad, rtol=1e-3, atol=2e-5, msg=name)


@pytest.mark.parametrize("kind", ["unit", "dwa", "ebw-p1", "ebw-p2", "oh", "ebw-instp1"])
def test_weights_follow_the_system(line: Line, kind: str) -> None:
    job = training(line, UNIT, {"weights": kind})
    batch = job.examples.validation(0, 2)
    energy = job.energies
    job.epochs = [
        {f"train_{name}": value for name, value in zip(FOUR, losses, strict=True)}
        for losses in ([4.0, 3.0, 2.0, 1.0], [2.0, 3.0, 1.0, 1.0])
    ]
    ratio = np.exp(np.array([0.5, 1.0, 0.5, 1.0]) / 2)
    power = batch.power.numpy()
    expected = {
        "unit": np.ones(4),
        "dwa": 4 * ratio / ratio.sum(),
        "ebw-p1": energy.max() / energy,
        "ebw-p2": (energy.max() / energy) ** 2,
        "oh": (1 / energy) / (1 / energy).sum(),
        "ebw-instp1": power[energy.argmax()] / power,
    }
    np.testing.assert_allclose(job.weights(batch.power).numpy(), expected[kind], rtol=1e-5)


def test_the_activity_heads_have_a_loss_of_their_own(line: Line) -> None:
    plain, heads = training(line, UNIT), training(line, "musdb-mono_4-sources_ebw-p1-heads-4_s42")
    batch = heads.examples.finish(heads.examples.prepare(0, 2))
    assert batch.labels.shape == (2, 4, batch.mixture.shape[-1]) and 0 < float(batch.labels.mean()) < 1
    loss, told = heads.losses_of(batch)
    each = told[2:]
    torch.testing.assert_close(loss, (heads.weights(batch.power) * each).sum() + 2.0 * told[1])
    assert told[1].item() > 0 and plain.losses_of(batch)[1][1].item() == 0


def test_the_learning_rate_of_a_system(line: Line) -> None:
    slow = training(line, UNIT, {"learning_rate_factor": 0.1}).optimizer.defaults["lr"]
    assert slow == pytest.approx(0.1 * training(line, UNIT).optimizer.defaults["lr"])


# ---- the whole training ------------------------------------------------------------------------------------------


def test_the_epoch_log_and_the_best_epoch(line: Line, tmp_path: Path) -> None:
    job = training(line, UNIT, {"weights": "dwa"}, epochs=3)
    outcome = job.run(tmp_path, "recipe")
    assert [epoch["epoch"] for epoch in outcome.epochs] == [1, 2, 3]
    assert {"train_loss", "train_vocals", "valid_loss", "valid_weighted"} <= outcome.epochs[0].keys()
    losses = [epoch["valid_loss"] for epoch in outcome.epochs]
    assert outcome.best_epoch == 1 + losses.index(min(losses)) and outcome.best_valid_loss == min(losses)


@pytest.mark.parametrize("identifier", [UNIT, CONDITIONED])
def test_a_stopped_training_goes_on_as_if_never_stopped(line: Line, tmp_path: Path, identifier: str) -> None:
    whole = training(line, identifier).run(tmp_path / "whole", "recipe")
    for steps in (1, 3, 5):
        job, stop = training(line, identifier), StopRequest()
        running = job.running(tmp_path / "parts", "recipe", stop)
        for _ in range(steps):
            next(running)
        stop.reason = "SIGTERM"
        with pytest.raises(Preempted):
            for _ in running:
                pass
    resumed = training(line, identifier).run(tmp_path / "parts", "recipe")
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", "last.safetensors")
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", "best.safetensors")

    def without_times(epochs: list[dict[str, float]]) -> list[dict[str, float]]:
        return [{key: value for key, value in epoch.items() if key not in TIMES} for epoch in epochs]

    assert without_times(whole.epochs) == without_times(resumed.epochs)


@pytest.mark.parametrize("placement", ["memory", "device"])
def test_the_same_wherever_the_recordings_lie(line: Line, placement: str) -> None:
    change = {"papers": ["munet"], "machine": {"recordings": placement}}
    other: Any = made(make_params(merge(CHANGE, change)), UNIT, line.results)
    assert other.examples.recordings.placement == placement
    mine = training(line, UNIT).examples
    one, two = mine.finish(mine.prepare(3, 4)), other.examples.finish(other.examples.prepare(3, 4))
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(two, field.name)
        assert a is b is None or torch.equal(a, b)


def test_plateau_may_watch_the_training_loss(line: Line, tmp_path: Path) -> None:
    plateau = {"factor": 0.5, "patience": 1, "cooldown": 0, "threshold": 0.0, "of": "train"}
    job: Training = training(line, UNIT, schedule="plateau", plateau=plateau, epochs=2)
    seen: list[float] = []
    job.scheduler.step = seen.append
    outcome = job.run(tmp_path, "recipe")
    assert seen == [epoch["train_loss"] for epoch in outcome.epochs]


def test_early_stopping_waits_for_the_weighted_loss(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = training(line, UNIT, epochs=9, early_stopping=2, schedule="plateau")
    weighted = iter([3.0, 2.0, 1.0, 1.5, 1.5, 0.5, 0.4])
    plain = iter([1.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0])
    monkeypatch.setattr(job, "validate", lambda: {"valid_loss": next(plain), "valid_weighted": next(weighted)})
    outcome = job.run(tmp_path, "recipe")
    assert len(outcome.epochs) == 5 and outcome.best_epoch == 1
