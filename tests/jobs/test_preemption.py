"""A training that is told to stop keeps all it did, and goes on to the very numbers of an uninterrupted one."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from conftest import Line
from moments import LONG, Moment
from reprosep.base.errors import Preempted
from reprosep.base.files import read_json
from reprosep.base.preemption import SIGNALS, StopRequest, stop_request
from reprosep.training import loop
from reprosep.training.checkpoint import BEST, LAST, STATE, load_state, packed
from reprosep.training.loop import Outcome, Training
from trainings import IASS, TIMES, UNMIX, assert_same_weights, training

SETTINGS: dict[str, dict[str, Any]] = {
    IASS: {"epochs": 3, "items_per_epoch": 16, "schedule": "one-cycle"},
    UNMIX: {"epochs": 3, "items_per_epoch": 16, "schedule": "plateau"},
}


class StopAfter(StopRequest):
    """Asks to stop when it was looked at that many times."""

    looks = 0

    def __init__(self, looks: int) -> None:
        self.left = looks

    @property  # type: ignore[override]
    def reason(self) -> str:
        self.left -= 1
        StopAfter.looks += 1
        return "SIGTERM" if self.left < 0 else ""


def without_times(epochs: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in epoch.items() if key not in TIMES} for epoch in epochs]


def trained_in_parts(make: Callable[[], Training], folder: Path, lengths: Callable[[], int]) -> tuple[Outcome, int]:
    """A training started anew after every stop until it is finished, and the number of stops."""
    for stops in range(1000):
        torch.rand(7)  # the state of the random generator must come from the checkpoint
        try:
            return make().run(folder, "recipe", StopAfter(lengths())), stops
        except Preempted:
            continue
    raise AssertionError("the training never ends")


@pytest.mark.parametrize("identifier", [IASS, UNMIX])
def test_a_stop_at_moments_of_every_kind(prepared: Line, tmp_path: Path, identifier: str) -> None:
    def make() -> Training:
        return training(prepared, identifier, **SETTINGS[identifier])

    StopAfter.looks = 0
    whole = make().run(tmp_path / "whole", "recipe", StopAfter(1 << 30))
    looks = StopAfter.looks
    assert looks > 2 + 3 * 4 + 3 * 2  # statistics, steps, validation songs
    for moment in range(0, looks, looks // 5):  # of all moments, which are equal too, a share for a quick test
        folder = tmp_path / str(moment)
        lengths = iter([moment])
        outcome, stops = trained_in_parts(make, folder, lambda left=lengths: next(left, 1 << 30))
        assert stops == 1
        assert without_times(outcome.epochs) == without_times(whole.epochs)
        assert (outcome.best_epoch, outcome.best_valid_loss) == (whole.best_epoch, whole.best_valid_loss)
        for name in (LAST, BEST):
            assert_same_weights(tmp_path / "whole", folder, name)


@pytest.mark.parametrize("identifier", [IASS, UNMIX])
@pytest.mark.parametrize("seed", [1, 2])
def test_many_stops_at_random_moments(prepared: Line, tmp_path: Path, identifier: str, seed: int) -> None:
    draw = random.Random(seed)

    def make() -> Training:
        return training(prepared, identifier, **SETTINGS[identifier])

    whole = make().run(tmp_path / "whole", "recipe")
    outcome, stops = trained_in_parts(make, tmp_path / "parts", lambda: draw.randint(0, 12))
    assert stops >= 2
    assert without_times(outcome.epochs) == without_times(whole.epochs)
    for name in (LAST, BEST):
        assert_same_weights(tmp_path / "whole", tmp_path / "parts", name)


def test_a_stop_is_one_sentence_with_the_place(prepared: Line, tmp_path: Path) -> None:
    job = training(prepared, IASS, **SETTINGS[IASS])
    with pytest.raises(Preempted) as stop:
        job.run(tmp_path, "recipe", StopAfter(2 + 1 + 3))  # two items of the statistics, the look after them
    expected = f"run '{IASS}': stopped by SIGTERM in epoch 1 after 3 of 4 steps; the same command goes on from there"
    assert str(stop.value) == expected
    state = load_state(tmp_path, "recipe")
    assert state is not None and state["part"]["steps"] == 3 and state["epochs"] == []


def test_a_checkpoint_within_an_epoch_survives_a_kill(prepared: Line, tmp_path: Path) -> None:
    def make(minutes: float) -> Training:
        job = training(prepared, IASS, **SETTINGS[IASS])
        job.params = job.params.model_copy(
            update={"machine": job.params.machine.model_copy(update={"checkpoint_minutes": minutes})}
        )
        return job

    whole = make(1e9).run(tmp_path / "whole", "recipe")
    killed, original = make(1e-9), None
    original = killed.step

    def step(number: int) -> dict[str, float]:
        if number == 4 + 2:  # the third of the second epoch
            raise MemoryError
        return original(number)

    killed.step = step  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        killed.run(tmp_path / "parts", "recipe")
    state = load_state(tmp_path / "parts", "recipe")
    assert state is not None and (len(state["epochs"]), state["part"]["steps"]) == (1, 2)
    outcome = make(1e9).run(tmp_path / "parts", "recipe")
    assert without_times(outcome.epochs) == without_times(whole.epochs)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", LAST)


def test_checkpoints_within_an_epoch_are_as_rare_as_said(
    prepared: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []

    def noted(state: dict[str, Any]) -> io.BytesIO:
        saved.append(state["part"]["steps"])
        return packed(state)

    monkeypatch.setattr(loop, "packed", noted)
    training(prepared, IASS, **SETTINGS[IASS]).run(tmp_path, "recipe")
    assert saved == [0, 0, 0]  # minutes have not passed: the ends of three epochs alone


def test_a_state_of_another_format_is_not_resumed(prepared: Line, tmp_path: Path) -> None:
    training(prepared, IASS, epochs=1).run(tmp_path, "recipe")
    state = torch.load(tmp_path / STATE, weights_only=True)
    assert load_state(tmp_path, "recipe") is not None
    del state["format"]  # as the first format had it
    torch.save(state, tmp_path / STATE)
    assert load_state(tmp_path, "recipe") is None


# ---- signals -----------------------------------------------------------------------------------------------------


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def test_handlers_are_there_for_the_block_alone() -> None:
    before = handlers()
    with stop_request():
        assert not set(handlers()) & set(before)
    assert handlers() == before


def test_a_second_signal_changes_nothing() -> None:
    before = handlers()
    try:
        with stop_request() as stop:
            assert stop.reason == ""
            os.kill(os.getpid(), signal.SIGUSR1)
            assert stop.reason == "SIGUSR1"
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)  # the process is on its way out
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


def interrupted(command: list[str], number: signal.Signals, moment: Moment) -> tuple[int, str]:
    """Exit status and stderr of a command that got a burst of signals at a moment."""
    environment = moment.environment(dict(os.environ))
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    held = moment.wait(process)
    process.send_signal(number)
    held.resume()
    for _ in range(20):
        process.send_signal(number)  # none, when it has ended meanwhile
        time.sleep(0.002)
    _, told = process.communicate(timeout=LONG)
    return process.returncode, told


@pytest.mark.parametrize(
    ("identifier", "moments"),
    [
        (IASS, {signal.SIGUSR1: 1, signal.SIGTERM: 2}),
        pytest.param(UNMIX, {signal.SIGTERM: 1}, marks=pytest.mark.slow),
    ],
)
def test_signals_to_the_command(
    linked: Callable[..., Line], tmp_path: Path, identifier: str, moments: dict[signal.Signals, int]
) -> None:
    """They come when so many epochs were trained, and the training ends before another one."""
    made = linked({"training": {"epochs": 4, "items_per_epoch": 16}})
    made.step("train", [identifier])
    folder = made.results / "runs" / identifier
    folder.rename(tmp_path / "whole")
    command, done = [sys.executable, "-m", "reprosep.cli", "train", identifier], 0
    for number, epochs in moments.items():
        moment = Moment(tmp_path, f"*/{identifier}/checkpoint/{STATE}", epochs)
        status, told = interrupted(command, number, moment)
        done += epochs
        assert status == 75, told
        assert told.splitlines()[-1].startswith(f"reprosep: run '{identifier}': stopped by {number.name} in epoch ")
        assert len(torch.load(folder / "checkpoint" / STATE, weights_only=True)["epochs"]) == done
        assert not (folder / "run.json").exists()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert_same_weights(tmp_path / "whole", folder, BEST)
    assert_same_weights(tmp_path / "whole" / "checkpoint", folder / "checkpoint", LAST)
    logs = [pd.read_csv(path / "epochs.csv").drop(columns=TIMES) for path in (tmp_path / "whole", folder)]
    pd.testing.assert_frame_equal(logs[0], logs[1], check_exact=True)
    records = [read_json(path / "run.json") for path in (tmp_path / "whole", folder)]
    for key in ("epochs", "best_epoch", "best_valid_loss", "items", "parameters"):
        assert records[0][key] == records[1][key]
