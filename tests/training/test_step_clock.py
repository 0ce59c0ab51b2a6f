"""What a device works for a training is that training's, whoever waits for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import Line
from reprosep.base.errors import Preempted
from reprosep.base.preemption import StopRequest
from reprosep.training import step_clock
from reprosep.training.side_by_side import Job, SideBySide
from reprosep.training.step_clock import StepClock
from trainings import IASS, training

BASS = "mm_bass_iass_s42"


class Queue:
    """A GPU with one queue of work, and the processor that fills it; both times in seconds."""

    def __init__(self) -> None:
        self.processor = self.device = 0.0
        self.made = 0

    def work(self, seconds: float) -> None:
        """The processor asks for it in no time."""
        self.device = max(self.processor, self.device) + seconds

    def wait(self, until: float | None = None) -> None:
        self.processor = max(self.processor, self.device if until is None else until)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    device = Queue()

    class Event:
        def __init__(self, enable_timing: bool = False) -> None:
            assert enable_timing
            device.made += 1

        def record(self) -> None:
            self.time = max(device.processor, device.device)

        def synchronize(self) -> None:
            device.wait(self.time)

        def elapsed_time(self, other: Any) -> float:
            assert other.time <= device.processor, "asked before the device came past it"
            return 1000 * (other.time - self.time)

    monkeypatch.setattr(torch.cuda, "Event", Event)
    return device


def test_of_two_trainings_each_has_its_own_time(queue: Queue) -> None:
    quick, slow = (StepClock(torch.device("cuda")) for _ in range(2))
    for _ in range(10):
        for clock, seconds in ((quick, 0.01), (slow, 0.05)):
            with clock.running():
                queue.work(seconds)
    assert queue.processor == 0.0  # no step waited
    assert quick.read() == pytest.approx(0.1)
    assert queue.processor == pytest.approx(0.55)  # the quick one's last step came before the slow one's
    assert slow.read() == pytest.approx(0.5)


def test_a_look_ends_what_is_summed_and_events_are_used_again(queue: Queue) -> None:
    clock = StepClock(torch.device("cuda"))
    for _ in range(3):
        for _ in range(4):
            with clock.running():
                queue.work(0.25)
        assert clock.read() == pytest.approx(1.0)
        assert clock.read() == 0.0
    assert queue.made == 8


def test_a_gpu_that_waits_for_the_processor_works_for_the_training(queue: Queue) -> None:
    clock = StepClock(torch.device("cuda"))
    with clock.running():
        queue.processor += 2.0  # an item that is prepared
        queue.work(1.0)
    assert clock.read() == pytest.approx(3.0)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_block_that_an_error_ends_is_not_counted(device: str, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_clock.time, "perf_counter", lambda: queue.processor)
    clock = StepClock(torch.device(device))
    with pytest.raises(Preempted), clock.running():
        queue.work(1.0)
        queue.wait()
        raise Preempted("stopped")
    with clock.running():
        queue.work(0.5)
        queue.wait()
    assert clock.read() == pytest.approx(0.5)


def test_trainings_side_by_side_are_given_their_own_seconds(
    prepared: Line, tmp_path: Path, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = [Job(training(prepared, name, epochs=2), tmp_path / name, "recipe") for name in (IASS, BASS)]
    for job, seconds in zip(together, (1.0, 3.0), strict=True):
        on_queue(job.training, seconds, queue, monkeypatch)
    SideBySide(together, StopRequest()).run()
    steps = together[0].training.steps
    for job, seconds in zip(together, (1.0, 3.0), strict=True):
        outcome = job.training.outcome()
        assert [epoch["seconds"] for epoch in outcome.epochs] == pytest.approx([steps * seconds + 10] * 2)
        assert outcome.costs.device_seconds == pytest.approx(2 * (steps * seconds + 10))


def on_queue(one: Any, seconds: float, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training keep the device busy for `seconds` a step, and for ten with a validation, which waits for it."""
    step, validate = one.step, one.validate
    one.clock = StepClock(torch.device("cuda"))

    def queued(number: int) -> torch.Tensor:
        queue.work(seconds)
        losses: torch.Tensor = step(number)
        return losses

    def waited() -> dict[str, float]:
        queue.work(10.0)
        queue.wait()
        found: dict[str, float] = validate()
        return found

    monkeypatch.setattr(one, "step", queued)
    monkeypatch.setattr(one, "validate", waited)
