"""A training that is told to stop keeps all it did, and goes on to the very numbers of an uninterrupted one."""

from __future__ import annotations

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

from conftest import CHANGE, Line
from reprosep.errors import Preempted
from reprosep.files import read_json
from reprosep.params import merge
from reprosep.preemption import SIGNALS, StopRequest, stop_request
from reprosep.training import loop
from reprosep.training.checkpoint import BEST, LAST, STATE, load_state
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
    monkeypatch.setattr(loop, "save_state", lambda folder, state: saved.append(state["part"]["steps"]))
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


def listens(process: subprocess.Popen[str]) -> bool:
    """Whether the process catches SIGUSR1, which without a handler would end it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGUSR1 - 1) & 1)


def interrupted(command: list[str], number: signal.Signals, reached: Callable[[], bool]) -> tuple[int, str, float]:
    """Exit status, stderr and seconds of a command from a burst of signals, sent at a moment, to its end."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (listens(process) and reached()):
        time.sleep(0.005)
        assert process.poll() is None
    start = time.monotonic()
    for _ in range(20):
        process.send_signal(number)
        time.sleep(0.002)
    _, told = process.communicate(timeout=120)
    return process.returncode, told, time.monotonic() - start


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see when signals are listened to")
@pytest.mark.parametrize(("identifier", "corpus", "seed"), [(IASS, "mm", 1), (UNMIX, "musdb", 2)])
def test_signals_to_the_command(
    line: Callable[..., Line], tmp_path: Path, identifier: str, corpus: str, seed: int
) -> None:
    made = line(corpus, change=merge(CHANGE, {"training": {"epochs": 8, "items_per_epoch": 48}}))
    made.prepare(corpus)
    made.write_params()
    made.step("train", [identifier])
    folder = made.results / "runs" / identifier
    folder.rename(tmp_path / "whole")
    command = [sys.executable, "-m", "reprosep.cli", "train", identifier]
    state, draw = folder / "checkpoint" / STATE, random.Random(seed)

    def in_an_epoch() -> bool:
        if state.exists():
            time.sleep(draw.uniform(0, 0.2))
        return state.exists()

    def in_the_beginning() -> bool:
        time.sleep(draw.uniform(0, 2))
        return True

    moments = {signal.SIGTERM: in_an_epoch, signal.SIGUSR1: in_the_beginning}
    if identifier == UNMIX:
        moments.pop(signal.SIGUSR1)
    for number, moment in moments.items():
        status, told, seconds = interrupted(command, number, moment)
        assert status == 75, told
        assert told.splitlines()[-1].startswith(f"reprosep: run '{identifier}': stopped by {number.name} in epoch ")
        assert seconds < 30, "what Slurm leaves to a job"  # a second or two on an idle machine
        assert state.exists()
        assert not (folder / "run.json").exists()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert_same_weights(tmp_path / "whole", folder, BEST)
    assert_same_weights(tmp_path / "whole" / "checkpoint", folder / "checkpoint", LAST)
    logs = [pd.read_csv(path / "epochs.csv").drop(columns=TIMES) for path in (tmp_path / "whole", folder)]
    pd.testing.assert_frame_equal(logs[0], logs[1], check_exact=True)
    records = [read_json(path / "run.json") for path in (tmp_path / "whole", folder)]
    for key in ("epochs", "best_epoch", "best_valid_loss", "items", "parameters"):
        assert records[0][key] == records[1][key]
