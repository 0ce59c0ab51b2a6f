"""Training curves for TensorBoard, read back with its own reader: every epoch once, and weights the same as without."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from conftest import Answer, Line
from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.dag.reproduce import reproduce
from reprosep.experiments.runs import find_run
from reprosep.jobs.training import train_runs
from reprosep.training import event_log
from reprosep.training.event_log import EventLog, check_tensorboard, written_epochs
from reprosep.training.loop import Training
from trainings import IASS

CHANGE = {"training": {"epochs": 3, "items_per_epoch": 16}}
WATCHED = {**CHANGE, "machine": {"tensorboard": True}}
EPOCHS = [{"epoch": number, "train_loss": 1 / number, "valid_mse": 0.1, "seconds": 9.0} for number in (1, 2, 3)]
needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed (pip install tensorboard)"
)


def written(folder: Path) -> Counter[tuple[str, int]]:
    """How often a column and epoch is in the files of a folder, nothing purged."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    files = sorted(folder.glob("events.out.tfevents.*"))
    events = [event for path in files for event in EventFileLoader(str(path)).Load()]
    return Counter((value.tag, event.step) for event in events for value in event.summary.value)


def expected(folder: Path) -> Counter[tuple[str, int]]:
    log = pd.read_csv(folder / "epochs.csv")
    return Counter((name, int(epoch)) for name in log.columns.drop("epoch") for epoch in log["epoch"])


@needs_tensorboard
def test_the_files_hold_every_column_of_every_epoch_once(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventLog(tmp_path / "run")
    log.write([])
    assert not (tmp_path / "run").exists()
    log.write(EPOCHS[:1])
    log.write(EPOCHS[:2])
    log.close()
    resumed = EventLog(tmp_path / "run")  # another process, which knows the first two from its checkpoint
    resumed.write(EPOCHS[:2])
    resumed.write(EPOCHS)
    resumed.close()
    read = EventAccumulator(str(tmp_path / "run")).Reload()
    assert sorted(read.Tags()["scalars"]) == ["seconds", "train_loss", "valid_mse"]
    assert [event.step for event in read.Scalars("train_loss")] == [1, 2, 3]
    assert [event.value for event in read.Scalars("train_loss")] == pytest.approx([1, 1 / 2, 1 / 3])
    assert set(written(tmp_path / "run").values()) == {1}


@needs_tensorboard
def test_curves_of_another_training_are_replaced_and_times_tell_no_other(tmp_path: Path) -> None:
    for losses in (0.1, 0.1, 0.7):
        log = EventLog(tmp_path)
        log.write(
            [{**epoch, "valid_mse": losses, "seconds": 9 + losses} for epoch in EPOCHS[: 3 if losses < 0.5 else 2]]
        )
        log.close()
        found = [epoch["valid_mse"] for epoch in written_epochs(tmp_path).values()]
        assert found == pytest.approx([losses] * len(found))
    assert sorted(written_epochs(tmp_path)) == [1, 2] and set(written(tmp_path).values()) == {1}


@needs_tensorboard
def test_a_file_that_a_kill_cut_is_completed(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.write(EPOCHS)
    log.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    log = EventLog(tmp_path)
    log.write(EPOCHS)
    log.close()
    assert {number: len(epoch) for number, epoch in written_epochs(tmp_path).items()} == {1: 3, 2: 3, 3: 3}


@needs_tensorboard
def test_a_stopped_training_writes_every_epoch_once_and_weights_are_the_same_bytes(
    linked: Callable[..., Line], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = linked(CHANGE)
    made.step("train", [IASS])
    plain = made.results / "runs" / IASS
    assert not (made.results / "tensorboard").exists()
    plain.rename(tmp_path / "plain")

    watched = Line(made.folder, made.params.model_copy(update={"machine": with_tensorboard(made)}))
    stop, step = StopRequest(), Training.step

    def stopping(job: Training, number: int) -> object:
        stop.reason = "SIGTERM" if number == job.steps + 1 else stop.reason  # in the second epoch
        return step(job, number)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "step", stopping)
        with pytest.raises(Preempted):
            train_runs(watched.params, [find_run(watched.params, IASS)], watched.results, stop)
    events = watched.results / "tensorboard" / IASS
    assert {epoch for _, epoch in written(events)} == {1}
    watched.step("train", [IASS])
    assert written(events) == expected(plain) and set(written(events).values()) == {1}
    assert (plain / "best.safetensors").read_bytes() == (tmp_path / "plain/best.safetensors").read_bytes()
    one, other = (json.loads((folder / "run.json").read_text()) for folder in (plain, tmp_path / "plain"))
    assert one["recipe"] == other["recipe"] and not list(plain.rglob("events.out*"))
    values = written_epochs(events)
    log = pd.read_csv(plain / "epochs.csv").set_index("epoch")
    assert [values[epoch]["train_loss"] for epoch in (1, 2, 3)] == pytest.approx(list(log["train_loss"]))


def with_tensorboard(made: Line) -> object:
    return made.params.machine.model_copy(update={"tensorboard": True})


# ---- without the package -----------------------------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "find_spec", lambda name: None)


def test_nobody_needs_the_package_who_does_not_want_it(without: None) -> None:
    check_tensorboard(False)
    with pytest.raises(UserError, match=r"machine.tensorboard: true, .* `pip install 'reprosep\[tensorboard\]'`"):
        check_tensorboard(True)


def test_a_missing_package_is_told_before_anything_is_trained(
    without: None, linked: Callable[..., Line], reprosep: Callable[..., Answer]
) -> None:
    made = linked(WATCHED)
    sentence = reprosep("train", IASS).sentence()
    assert "machine.tensorboard" in sentence and "reprosep[tensorboard]" in sentence
    assert not (made.results / "runs").exists() and not (made.results / "tensorboard").exists()


def test_a_missing_package_is_told_before_the_line_runs(
    without: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = tmp_path / "change.yaml"
    change.write_text("machine: {tensorboard: true}\n")
    monkeypatch.setattr("reprosep.dag.reproduce.Snakemake", None)
    with pytest.raises(UserError, match=r"reprosep\[tensorboard\]"):
        reproduce("smoke", [], [change])
