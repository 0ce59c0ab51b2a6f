"""The loop: it learns, it is resumed to the bit, its schedules and its loss are what they are said to be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from conftest import CHANGE, Line
from moments import Moment
from reprosep.base.errors import UserError
from reprosep.base.preemption import StopRequest
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import Reads
from reprosep.experiments.runs import find_run
from reprosep.experiments.target.training import TargetTraining
from reprosep.jobs.training import recipe_of
from reprosep.models import iass
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import merge
from reprosep.training import loop
from reprosep.training.checkpoint import BEST, LAST, STATE, load_state, load_weights, packed, save_weights
from reprosep.training.devices import Devices
from reprosep.training.loop import Training
from reprosep.training.losses import activity_loss, separation_loss
from synthetic import make_params
from trainings import IASS, UNMIX, assert_same_weights, made, training, weights

# ---- learning ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", [IASS, UNMIX])
@pytest.mark.parametrize("schedule", ["one-cycle", "plateau"])
def test_the_loss_falls(prepared: Line, tmp_path: Path, identifier: str, schedule: str) -> None:
    outcome = training(prepared, identifier, epochs=6, items_per_epoch=24, schedule=schedule).run(tmp_path, "recipe")
    log = pd.DataFrame(outcome.epochs)
    assert log["train_loss"].iloc[-1] < 0.8 * log["train_loss"].iloc[0]
    if identifier == IASS:  # noise, the drums here, can only be learned by heart
        assert log["valid_mse"].min() < log["valid_mse"].iloc[0]
    assert outcome.best_epoch == log["valid_mse"].argmin() + 1
    assert outcome.best_valid_loss == log["valid_mse"].min()
    assert outcome.items == 6 * 24


def test_the_activity_head_learns(prepared: Line, tmp_path: Path) -> None:
    log = pd.DataFrame(training(prepared, IASS, epochs=6, items_per_epoch=24).run(tmp_path, "recipe").epochs)
    assert log["train_bce"].iloc[-1] < 0.9 * log["train_bce"].iloc[0]


def test_the_log_names_every_part(prepared: Line, tmp_path: Path) -> None:
    job = training(prepared, IASS, epochs=1)
    log = job.run(tmp_path, "recipe").epochs[0]
    assert list(log)[:4] == ["epoch", "train_loss", "train_mse", "train_bce"]
    assert {"valid_mse", "learning_rate", "seconds", "items_per_second"} <= set(log)
    assert log["train_loss"] == pytest.approx(
        log["train_mse"] + job.system.activity_weight * log["train_bce"], rel=1e-5
    )


def test_the_loss_is_squared_error_plus_weighted_cross_entropy() -> None:
    random = np.random.default_rng(0)
    estimate, target = random.random((2, 1, 5, 7)), random.random((2, 1, 5, 7))
    logit, labels = random.normal(size=(2, 7)), random.integers(0, 2, size=(2, 7)).astype(float)
    probability = 1 / (1 + np.exp(-logit))
    plain = -np.mean(labels * np.log(probability) + (1 - labels) * np.log(1 - probability))
    found = activity_loss(torch.tensor(logit), torch.tensor(labels, dtype=torch.float32))
    assert float(found) == pytest.approx(plain, rel=1e-5)
    found = separation_loss(torch.tensor(estimate), torch.tensor(target, dtype=torch.float32))
    assert float(found) == pytest.approx(np.mean((estimate - target) ** 2), rel=1e-5)


def test_validation_is_the_mean_over_songs_of_the_error_of_whole_songs(prepared: Line) -> None:
    job = training(prepared, IASS)
    job.model.set_statistics(*job.examples.statistics(Devices(), StopRequest()))
    job.model.eval()
    errors = []
    with torch.no_grad():
        for song in job.examples.songs(job.recipes):
            errors.append(float(((job.model(song.mixture)[0] - song.target) ** 2).mean()))
    assert job.validate()["valid_mse"] == pytest.approx(np.mean(errors), rel=1e-5)


def test_statistics_are_those_of_many_items(prepared: Line) -> None:
    examples = training(prepared, IASS, statistics_items=5).examples
    first = 1 << 31
    frames = torch.cat([examples.batch(first + i, 1).mixture.mean(dim=1)[0] for i in range(5)], dim=1).double()
    mean, deviation = examples.statistics(Devices(), StopRequest())
    np.testing.assert_allclose(mean, frames.mean(1), rtol=1e-5)
    floor = 1e-4 * float(frames.std(1, correction=0).max())
    np.testing.assert_allclose(deviation, frames.std(1, correction=0).clamp_min(floor), rtol=1e-4)


def test_batches_are_slices_of_the_same_items(prepared: Line) -> None:
    examples = training(prepared, IASS).examples
    four = examples.batch(8, 4)
    two = examples.batch(10, 2)
    torch.testing.assert_close(four.mixture[2:], two.mixture, atol=0, rtol=0)
    torch.testing.assert_close(four.labels[2:], two.labels, atol=0, rtol=0)
    assert four.labels.shape == (4, four.mixture.shape[-1])


@pytest.mark.parametrize("schedule", ["one-cycle", "plateau"])
def test_a_training_that_diverges_is_told(prepared: Line, tmp_path: Path, schedule: str) -> None:
    job = training(prepared, IASS, epochs=1, schedule=schedule)
    with torch.no_grad():
        job.model.linear.weight.fill_(float("nan"))
    with pytest.raises(UserError, match=r"validation error .* lower training.optimizer.learning_rate"):
        job.run(tmp_path, "recipe")
    assert not (tmp_path / BEST).exists()


# ---- resuming ----------------------------------------------------------------------------------------------------


def interrupt(job: Training, epochs: int) -> None:
    """Let the training raise when it begins the epoch after that many."""
    original = job.step

    def step(number: int) -> dict[str, float]:
        if number == epochs * job.steps + 1:  # in the middle of the epoch
            raise KeyboardInterrupt
        return original(number)

    job.step = step  # type: ignore[method-assign]


@pytest.mark.parametrize("identifier", [IASS, UNMIX])
@pytest.mark.parametrize("schedule", ["one-cycle", "plateau"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_a_resumed_training_equals_an_uninterrupted_one(
    prepared: Line, tmp_path: Path, identifier: str, schedule: str, epochs: int
) -> None:
    whole = training(prepared, identifier, schedule=schedule).run(tmp_path / "whole", "recipe")
    stopped = training(prepared, identifier, schedule=schedule)
    interrupt(stopped, epochs)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(tmp_path / "parts", "recipe")
    resumed = training(prepared, identifier, schedule=schedule)
    torch.rand(7)  # the state of the random generator must come from the checkpoint
    outcome = resumed.run(tmp_path / "parts", "recipe")
    for name in (LAST, BEST):
        assert_same_weights(tmp_path / "whole", tmp_path / "parts", name)
    same = ["epoch", "train_loss", "train_mse", "train_bce", "valid_mse", "learning_rate"]
    assert [[e[key] for key in same] for e in outcome.epochs] == [[e[key] for key in same] for e in whole.epochs]
    assert outcome.best_epoch == whole.best_epoch


def test_an_interruption_before_the_first_epoch_starts_anew(prepared: Line, tmp_path: Path) -> None:
    stopped = training(prepared, IASS)
    interrupt(stopped, 0)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(tmp_path / "parts", "recipe")
    training(prepared, IASS).run(tmp_path / "parts", "recipe")
    training(prepared, IASS).run(tmp_path / "whole", "recipe")
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", LAST)


def test_a_killed_training_equals_an_uninterrupted_one(linked: Callable[..., Line], tmp_path: Path) -> None:
    made = linked({"training": {"epochs": 3, "items_per_epoch": 16}})
    made.step("train", [IASS])
    folder = made.results / "runs" / IASS
    folder.rename(tmp_path / "whole")
    command = [sys.executable, "-m", "reprosep.cli", "train", IASS]
    moment = Moment(tmp_path, f"*/{IASS}/checkpoint/{STATE}", 2)  # one checkpoint is there
    environment = moment.environment(dict(os.environ))
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    moment.wait(process)
    process.kill()
    process.wait()
    assert (folder / "checkpoint" / STATE).exists()
    assert not (folder / "run.json").exists()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert_same_weights(tmp_path / "whole", folder, BEST)
    assert_same_weights(tmp_path / "whole" / "checkpoint", folder / "checkpoint", LAST)


def test_a_finished_training_is_not_trained_again(prepared: Line, tmp_path: Path) -> None:
    training(prepared, IASS).run(tmp_path, "recipe")
    again = training(prepared, IASS)
    again._epoch = None  # type: ignore[method-assign,assignment]
    assert len(again.run(tmp_path, "recipe").epochs) == 4


def test_a_checkpoint_of_another_recipe_is_not_resumed(prepared: Line, tmp_path: Path) -> None:
    training(prepared, IASS).run(tmp_path, "recipe")
    assert load_state(tmp_path, "recipe") is not None
    assert load_state(tmp_path, "another") is None
    other = training(prepared, IASS, epochs=1)
    assert len(other.run(tmp_path, "another").epochs) == 1


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04 half a zip"])
def test_a_broken_state_is_not_resumed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE).write_bytes(content)
    assert load_state(tmp_path, "recipe") is None


def test_a_state_cut_short_is_not_resumed(prepared: Line, tmp_path: Path) -> None:
    training(prepared, IASS, epochs=1).run(tmp_path, "recipe")
    content = (tmp_path / STATE).read_bytes()
    for share in (0.1, 0.5, 0.99):
        (tmp_path / STATE).write_bytes(content[: int(share * len(content))])
        assert load_state(tmp_path, "recipe") is None


def test_the_recipe_changes_with_everything_that_matters(
    line: Callable[..., Line], prepared: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, system = find_run(prepared.params, IASS)

    def recipe(change: dict[str, Any] | None = None, r: Run = run, s: System = system) -> str:
        return recipe_of(make_params(merge(CHANGE, change or {})), r, s, prepared.results)

    changed = [
        recipe({"training": {"epochs": 3}}),
        recipe({"mixing": {"rms": 0.05}}),
        recipe({"audio": {"sample_rate": 16000}}),
        recipe({"models": {"iass": {"width": 5}}}),
        recipe(r=Run("mm", "vocals", "iass", 2)),
        recipe(r=Run("mm", "bass", "iass", 42)),
        recipe(s=system.model_copy(update={"blocks": 4})),
        recipe(s=system.model_copy(update={"early_stopping": 140})),
    ]
    assert recipe() == recipe({"scoring": {"threads": 3}}) == recipe(s=system.model_copy(update={"label": "x"}))
    assert len({recipe(), *changed}) == len(changed) + 1
    before = recipe()
    monkeypatch.setattr(Reads, "code", "other")
    assert recipe() != before


def test_the_recipe_changes_with_the_files(line: Callable[..., Line]) -> None:
    own = line("mm")
    own.prepare("mm")
    run, system = find_run(own.params, IASS)
    for name in kind_of(system).training_reads(run, system).files:
        before = recipe_of(own.params, run, system, own.results)
        with open(own.results / name, "ab") as file:
            file.write(b"x")
        assert recipe_of(own.params, run, system, own.results) != before, name


def test_weights_come_back_with_their_buffers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    one, other = iass.IASS(81, 129, 1, 2, 4), iass.IASS(81, 129, 1, 2, 4)
    one(torch.rand(2, 1, 129, 9))  # moves the running statistics
    save_weights(tmp_path / BEST, one)
    load_weights(tmp_path / BEST, other)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


# ---- schedules ---------------------------------------------------------------------------------------------------


def scripted(job: Training, values: list[float]) -> Training:
    """Validation errors from a list in place of computed ones."""
    left = iter(values)
    job.validate = lambda: {"valid_mse": next(left)}  # type: ignore[method-assign]
    return job


def test_early_stopping_counts_epochs_without_a_lower_error(prepared: Line, tmp_path: Path) -> None:
    job = scripted(training(prepared, IASS, epochs=50, early_stopping=3), [5.0, 4.0, 4.5, 4.0, 4.1, 9.0])
    outcome = job.run(tmp_path, "recipe")
    assert len(outcome.epochs) == 5
    assert (outcome.best_epoch, outcome.best_valid_loss) == (2, 4.0)


def test_early_stopping_after_one_epoch(prepared: Line, tmp_path: Path) -> None:
    outcome = scripted(training(prepared, IASS, epochs=50, early_stopping=1), [5.0, 4.0, 4.0]).run(tmp_path, "recipe")
    assert len(outcome.epochs) == 3


def test_a_systems_own_early_stopping_stands_in_place_of_the_common_one(prepared: Line, tmp_path: Path) -> None:
    common = training(prepared, UNMIX, epochs=50, items_per_epoch=4, early_stopping=1)
    run, system = find_run(common.params, UNMIX)
    own = system.model_copy(update={"early_stopping": 3})
    job = TargetTraining(common.params, run, own, common.examples, common.recipes)
    outcome = scripted(job, [5.0, 4.0, 4.5, 4.0, 4.1, 9.0]).run(tmp_path, "recipe")
    assert len(outcome.epochs) == 5


def test_open_unmix_waits_as_long_as_its_own_code(prepared: Line) -> None:
    assert training(prepared, UNMIX, early_stopping=100).early_stopping == 140
    assert training(prepared, IASS, early_stopping=100).early_stopping == 100


def test_a_stalled_training_is_not_taken_up_again(prepared: Line, tmp_path: Path) -> None:
    settings = {"epochs": 50, "early_stopping": 1}
    scripted(training(prepared, IASS, **settings), [5.0, 6.0]).run(tmp_path, "recipe")
    assert len(scripted(training(prepared, IASS, **settings), []).run(tmp_path, "recipe").epochs) == 2


def test_best_weights_are_those_of_the_best_epoch(prepared: Line, tmp_path: Path) -> None:
    job = training(prepared, IASS, epochs=3, schedule="plateau")
    kept: list[dict[str, torch.Tensor]] = []
    values = iter([5.0, 3.0, 4.0])

    def validate() -> dict[str, float]:
        kept.append({name: tensor.clone() for name, tensor in job.model.state_dict().items()})
        return {"valid_mse": next(values)}

    job.validate = validate  # type: ignore[method-assign]
    job.run(tmp_path, "recipe")
    best = weights(tmp_path, BEST)
    assert all(torch.equal(best[name], kept[1][name]) for name in best)
    last = weights(tmp_path, LAST)
    assert all(torch.equal(last[name], kept[2][name]) for name in last)


def test_plateau_lowers_the_rate_after_its_patience(prepared: Line, tmp_path: Path) -> None:
    settings = {"schedule": "plateau", "plateau": {"factor": 0.3, "patience": 1, "cooldown": 0}, "epochs": 6}
    job = scripted(training(prepared, IASS, **settings), [5.0, 6.0, 6.0, 6.0, 6.0, 6.0])
    rates = [epoch["learning_rate"] for epoch in job.run(tmp_path, "recipe").epochs]
    # Epochs 2 and 3 do not improve: the rate falls after the second of them, and again after the fourth.
    assert rates == pytest.approx([3e-3, 3e-3, 3e-3, 9e-4, 9e-4, 2.7e-4])


def test_one_cycle_rises_and_falls_once_over_all_steps(prepared: Line, tmp_path: Path) -> None:
    job = training(prepared, IASS, epochs=5)
    rates: list[float] = []
    original = job.step

    def step(number: int) -> dict[str, float]:
        rates.append(job.optimizer.param_groups[0]["lr"])
        return original(number)

    job.step = step  # type: ignore[method-assign]
    job.run(tmp_path, "recipe")
    top = int(np.argmax(rates))
    assert len(rates) == 5 * job.steps
    assert max(rates) == pytest.approx(3e-3, rel=0.05)
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[-1] < rates[0] < 0.1 * max(rates)


@pytest.mark.parametrize(
    ("settings", "steps"),
    [({"items_per_epoch": 8}, 2), ({"items_per_epoch": 3}, 1), ({"items_per_epoch": None, "items_per_song": 8}, None)],
)
def test_steps_of_an_epoch(prepared: Line, settings: dict[str, Any], steps: int | None) -> None:
    job = training(prepared, IASS, **settings)
    stems = job.examples.pool.stems
    songs = stems[stems["target"] == "vocals"]["song"].nunique()
    assert job.steps == (steps or 8 * songs // 4)


def test_precision(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for native, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(loop, "bfloat16_is_native", lambda device, answer=native: answer)
        assert training(prepared, IASS, precision="auto").precision == expected
        assert training(prepared, IASS, precision="float32").precision == "float32"


def test_a_training_in_bfloat16_is_resumed_to_the_bit(prepared: Line, tmp_path: Path) -> None:
    training(prepared, IASS, precision="bfloat16", epochs=2).run(tmp_path / "whole", "recipe")
    stopped = training(prepared, IASS, precision="bfloat16", epochs=2)
    interrupt(stopped, 1)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(tmp_path / "parts", "recipe")
    training(prepared, IASS, precision="bfloat16", epochs=2).run(tmp_path / "parts", "recipe")
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", LAST)


def test_what_a_finished_run_leaves(trained: Line) -> None:
    import json

    folder = trained.results / "runs" / IASS
    record = json.loads((folder / "run.json").read_text())
    assert (record["run"], record["corpus"], record["target"], record["system"]) == (IASS, "mm", "vocals", "iass")
    assert record["seed"] == 42
    assert record["epochs"] == len(pd.read_csv(folder / "epochs.csv")) == trained.params.training.epochs
    assert {"commit", "versions", "hardware", "wall_seconds", "device_seconds", "parameters", "params"} <= set(record)
    assert (folder / BEST).read_bytes() == (folder / "checkpoint" / BEST).read_bytes()


def test_bfloat16_moves_the_validation_error_less_than_another_seed_does(prepared: Line, tmp_path: Path) -> None:
    def valid(seed: int, precision: str) -> float:
        change = {"seeds": [seed], "training": {"epochs": 3, "items_per_epoch": 64, "precision": precision}}
        params = make_params(merge(CHANGE, change))
        job = made(params, f"mm_vocals_iass_s{seed}", prepared.results)
        return job.run(tmp_path / f"{seed} {precision}", "recipe").best_valid_loss

    exact = [valid(seed, "float32") for seed in (42, 43, 44)]
    half = valid(42, "bfloat16")
    print("valid MSE of three seeds", exact, "and in bfloat16", half)
    assert abs(half - exact[0]) < max(exact) - min(exact)


def test_a_state_that_takes_long_is_not_written_after_every_epoch(
    prepared: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But at the end, with the weights of the best epoch and of the last, whichever came in between."""
    whole = training(prepared, IASS, epochs=6).run(tmp_path / "whole", "recipe")
    written: list[int] = []

    def noted(state: dict[str, Any]) -> io.BytesIO:
        written.append(len(state["epochs"]))
        return packed(state)

    monkeypatch.setattr(loop, "packed", noted)
    seldom = training(prepared, IASS, epochs=6)
    monkeypatch.setattr(loop, "_LONG_WRITE", -1.0)
    monkeypatch.setattr(loop, "_MOST_OF_TIME", -1.0)
    monkeypatch.setattr(seldom, "_keeping", 1.0)
    outcome = seldom.run(tmp_path / "seldom", "recipe")
    assert written == [6] and outcome.best_epoch == whole.best_epoch
    for name in (LAST, BEST):
        assert_same_weights(tmp_path / "whole", tmp_path / "seldom", name)
    monkeypatch.undo()
    assert training(prepared, IASS, epochs=6).run(tmp_path / "seldom", "recipe").best_epoch == whole.best_epoch
