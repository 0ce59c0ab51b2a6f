"""Steps as graphs: the same weights as without, what is recorded again, and what cannot be recorded.

On a processor a stand-in records: it notes what was asked for, undoes it, and does it again into the same places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from conftest import Line
from reprosep.base.errors import Preempted
from reprosep.base.preemption import StopRequest
from reprosep.training import graphs
from reprosep.training.checkpoint import BEST, LAST
from reprosep.training.graphs import GraphedPasses, Recorder, graphed
from reprosep.training.side_by_side import Job, SideBySide
from trainings import IASS, UNMIX, TargetTraining, assert_same_weights, training

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
STEPS = 6  # of an epoch


class Undone:
    """What was recorded of a network: places of its gradients and of a result."""

    def __init__(self, model: nn.Module, work: Callable[[], Tensor], log: list[str]) -> None:
        buffers, random = [one.clone() for one in model.buffers()], torch.get_rng_state()
        self.model, self.work, self.log, self.result = model, work, log, work()
        torch.set_rng_state(random)
        for one, before in zip(model.buffers(), buffers, strict=True):
            one.copy_(before)
        self.gradients = [one.grad for one in model.parameters()]
        for place in [self.result, *self.gradients]:
            if place is not None:
                place.fill_(float("nan"))

    def run(self) -> None:
        self.log.append("run")
        self.result.copy_(self.work())
        for one, place in zip(self.model.parameters(), self.gradients, strict=True):
            if place is not None:
                place.copy_(one.grad)  # type: ignore[arg-type]
                one.grad = place


class StandIn(Recorder):
    def __init__(self, model: nn.Module) -> None:
        self.model, self.log = model, []  # type: ignore[var-annotated]

    def aside(self, work: Callable[[], Tensor]) -> Tensor:
        self.log.append("usual")
        return work()

    def record(self, work: Callable[[], Tensor]) -> Undone:
        self.log.append("record")
        return Undone(self.model, work, self.log)


def recorded(prepared: Line, name: str, **settings: Any) -> tuple[TargetTraining, StandIn]:
    job = plain(prepared, name, **settings)
    recorder = StandIn(job.model)
    job.passes = GraphedPasses(job._passes, recorder)
    return job, recorder


def plain(prepared: Line, name: str, **settings: Any) -> TargetTraining:
    items = STEPS * prepared.params.training.batch_size
    return training(prepared, name, **{"epochs": 2, "items_per_epoch": items, **settings})


@pytest.mark.parametrize("name", [IASS, UNMIX])
def test_the_same_weights_as_without(prepared: Line, tmp_path: Path, name: str) -> None:
    job, recorder = recorded(prepared, name)
    found = job.run(tmp_path / "graphs", "recipe")
    expected = plain(prepared, name).run(tmp_path / "plain", "recipe")
    for file in (LAST, BEST):
        assert_same_weights(tmp_path / "plain", tmp_path / "graphs", file)
    same = ["train_loss", "train_mse", "train_bce", "valid_mse"]
    assert [[epoch[key] for key in same] for epoch in found.epochs] == [
        [epoch[key] for key in same] for epoch in expected.epochs
    ]
    epoch = ["usual"] * 3 + ["record"] + ["run"] * (STEPS - 3)
    assert recorder.log == epoch * 2


def test_a_stopped_training_goes_on_and_records_again(prepared: Line, tmp_path: Path) -> None:
    plain(prepared, UNMIX).run(tmp_path / "whole", "recipe")
    job, _ = recorded(prepared, UNMIX)
    step = job.step

    def stopping(number: int) -> Tensor:
        if number == STEPS - 2:
            job.stop.reason = "SIGTERM"
        return step(number)

    job.step = stopping  # type: ignore[method-assign]
    with pytest.raises(Preempted):
        job.run(tmp_path / "parts", "recipe")
    job, recorder = recorded(prepared, UNMIX)
    job.run(tmp_path / "parts", "recipe")
    assert recorder.log == ["usual"] + ["usual"] * 3 + ["record"] + ["run"] * (STEPS - 3)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", LAST)


# ---- batches -----------------------------------------------------------------------------------------------------


@dataclass
class Batch:
    x: Tensor
    condition: Tensor | None = None


def passes_of(recorder: Recorder) -> GraphedPasses:
    return GraphedPasses(lambda batch: batch.x.sum(0), recorder)


def test_every_batch_is_told_its_own_losses() -> None:
    passes = passes_of(recorder := StandIn(nn.Identity()))
    told = [passes(Batch(torch.full((2, 3), float(number)))) for number in range(6)]
    assert [loss.tolist() for loss in told] == [[2.0 * number] * 3 for number in range(6)]
    assert recorder.log == ["usual"] * 3 + ["record"] + ["run"] * 3


def test_a_batch_of_another_shape_goes_the_usual_way() -> None:
    passes = passes_of(recorder := StandIn(nn.Identity()))
    for _ in range(5):
        passes(Batch(torch.ones(2, 3)))
    for other in (Batch(torch.ones(1, 3)), Batch(torch.ones(2, 3), torch.ones(1)), Batch(torch.ones(2, 3).double())):
        assert passes(other).tolist() == other.x.sum(0).tolist()
    assert passes(Batch(torch.zeros(2, 3))).tolist() == [0.0] * 3
    assert recorder.log == ["usual"] * 3 + ["record"] + ["run"] * 2 + ["usual"] * 3 + ["run"]


def test_what_cannot_be_recorded_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(StandIn):
        def record(self, work: Callable[[], Tensor]) -> Undone:
            raise RuntimeError("operation not permitted when stream is capturing\nmore of it")

    passes = passes_of(recorder := Failing(nn.Identity()))
    for _ in range(2):
        passes.begin()
        for number in range(6):
            assert passes(Batch(torch.full((1, 1), float(number)))).tolist() == [number]
    expected = (
        "training.graphs: steps are not recorded as CUDA graphs (operation not permitted when stream is capturing)"
    )
    assert capsys.readouterr().err.splitlines() == [expected]
    assert recorder.log == ["usual"] * 4


# ---- when --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "device", "batch", "compiled", "processes", "expected"),
    [
        ("never", CUDA, 1, False, 1, "plain"),
        ("auto", CUDA, 8, False, 1, "recorded"),
        ("auto", CUDA, 9, False, 1, "plain"),
        ("auto", CPU, 1, False, 1, "plain"),
        ("always", CUDA, 9, False, 1, "recorded"),
        ("always", CPU, 1, False, 1, "(there is no GPU)"),
        ("always", CUDA, 64, False, 2, "(several devices share every batch)"),
        ("auto", CUDA, 8, True, 1, "(torch.compile makes kernels of its own)"),
    ],
)
def test_what_is_recorded(
    prepared: Line,
    capsys: pytest.CaptureFixture[str],
    wanted: str,
    device: torch.device,
    batch: int,
    compiled: bool,
    processes: int,
    expected: str,
) -> None:
    change = {"graphs": wanted, "batch_size": batch, "graphs_batch": 8}
    settings = prepared.params.training.model_copy(update=change)

    def passes(_: Any) -> Tensor:
        return torch.zeros(1)

    found = graphed(passes, settings, device, compiled, processes)
    assert isinstance(found, GraphedPasses) == (expected == "recorded")
    told = capsys.readouterr().err
    assert told.count("\n") == expected.startswith("(") and (expected in told or not told)


def test_side_by_side_nothing_is_recorded(prepared: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [Job(plain(prepared, name), tmp_path / name, "recipe") for name in (IASS, UNMIX)]
    jobs[0].training.passes = GraphedPasses(jobs[0].training._passes, StandIn(jobs[0].training.model))
    SideBySide(jobs, StopRequest())
    assert not any(isinstance(job.training.passes, GraphedPasses) for job in jobs)
    assert capsys.readouterr().err == (
        "training.graphs: steps are not recorded as CUDA graphs (several trainings run side by side)\n"
    )


# ---- the recorder ------------------------------------------------------------------------------------------------


def test_the_recorder_asks_for_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which calls of PyTorch it makes, in which order; what they do only a GPU can tell."""
    log: list[Any] = []

    class Logged:
        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> None:
            log.append(f"begin {self.name}")

        def __exit__(self, *_: object) -> None:
            log.append(f"end {self.name}")

        def replay(self) -> None:
            log.append("replay")

    monkeypatch.setattr(graphs.torch.cuda, "CUDAGraph", lambda: Logged("made"))
    monkeypatch.setattr(
        graphs.torch.cuda,
        "graph",
        lambda graph, stream, capture_error_mode: Logged(f"{graph.name} {stream} {capture_error_mode}"),
    )

    def work() -> Tensor:
        log.append("work")
        return torch.ones(1)

    monkeypatch.setattr(graphs.torch.cuda, "Stream", lambda: "aside")
    recording = Recorder().record(work)
    recording.run()
    assert log == ["begin made aside thread_local", "work", "end made aside thread_local", "replay"]
    assert recording.result.tolist() == [1.0]
