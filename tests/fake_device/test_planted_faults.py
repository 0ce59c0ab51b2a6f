"""The check of training steps fails on what it is for: a fault of each kind, planted in the loss of a real training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import Case, in_main_memory, left_behind
from fake_cuda import fake_cuda, needs_fake_cuda
from on_purpose import ON_PURPOSE, faults
from record import KINDS
from tensors import Device
from torch import Tensor

from reprosep.training.loop import Training

pytestmark = needs_fake_cuda

CASE = Case("activity", "fc", "mm-detection")
Fault = Callable[[Tensor], object]
PINNED = torch.ones(3)


def planted(training: Training[Any], fault: Fault) -> None:
    """Have a training's losses do something more."""
    original = training.losses_of

    def losses_of(batch: Any) -> tuple[Tensor, Tensor]:
        loss, losses = original(batch)
        fault(losses)
        return loss, losses

    training.losses_of = losses_of  # type: ignore[method-assign]


def steps_with(fault: Fault, folder: Path, device: Device) -> list[str]:
    """The faults of three training steps with one that is planted."""
    training = CASE.training(folder / "noise")
    training.begin()
    planted(training, fault)
    device.record.taken()
    for number in range(3):
        training.step(number)
    return faults(device.record.taken())


def other_stream(losses: Tensor) -> Tensor:
    """Made by another stream, which nobody waits for."""
    with torch.cuda.stream(torch.cuda.Stream()):
        made = losses * 2
    return made + 1


def other_memory(losses: Tensor) -> Tensor:
    """Waited for, but its memory may be given away before it is used."""
    stream, current = torch.cuda.Stream(), torch.cuda.current_stream()
    with torch.cuda.stream(stream):
        stream.wait_stream(current)
        losses.record_stream(stream)
        made = losses * 2
    current.wait_stream(stream)
    return made + 1


FAULTS: dict[str, tuple[str, Fault]] = {
    "a tensor moved": ("to device", lambda losses: torch.ones(3).to(losses.device)),
    "a pinned one moved, waiting": ("to device", lambda losses: torch.ones(3).pin_memory().to(losses.device)),
    "pageable memory": ("to device", lambda losses: torch.ones(3).to(losses.device, non_blocking=True)),
    "torch.tensor": ("to device", lambda losses: torch.tensor([1.0, 2.0], device=losses.device)),
    "torch.tensor of a number": ("to device", lambda losses: torch.tensor(1.0, device=losses.device)),
    "torch.as_tensor": ("to device", lambda losses: torch.as_tensor([1.0], device=losses.device)),
    "a list as index": ("to device", lambda losses: losses[[0]]),
    "an index of the host": ("to device", lambda losses: losses[torch.tensor([0])]),
    "copy_": ("to device", lambda losses: torch.empty_like(losses).copy_(torch.ones(len(losses)))),
    "cpu()": ("to host", lambda losses: losses.cpu()),
    "tolist()": ("to host", lambda losses: losses.tolist()),
    "copy_ to the host": ("to host", lambda losses: torch.empty(len(losses)).copy_(losses.detach())),
    "to pageable memory": (
        "to host",
        lambda losses: torch.empty(len(losses)).copy_(losses.detach(), non_blocking=True),
    ),
    "item()": ("wait", lambda losses: losses.sum().item()),
    "float()": ("wait", lambda losses: float(losses.sum())),
    "a condition": ("wait", lambda losses: bool((losses > 0).all())),
    "nonzero": ("wait", lambda losses: losses.nonzero()),
    "where": ("wait", lambda losses: torch.where(losses > 0)),
    "a mask as index": ("wait", lambda losses: losses[losses > 0]),
    "a mask written through": ("wait", lambda losses: losses.clone().__setitem__(losses > 0, losses)),
    "masked_select": ("wait", lambda losses: losses.masked_select(losses > 0)),
    "unique": ("wait", lambda losses: losses.unique()),
    "equal": ("wait", lambda losses: torch.equal(losses, losses)),
    "allclose": ("wait", lambda losses: torch.allclose(losses, losses)),
    "repeat_interleave": ("wait", lambda losses: losses.repeat_interleave(torch.ones_like(losses, dtype=torch.long))),
    "an index from the device": ("wait", lambda losses: list(range(10))[losses.long().sum() * 0]),
    "synchronize": ("wait", lambda losses: torch.cuda.synchronize()),
    "a stream waited for": ("wait", lambda losses: torch.cuda.current_stream().synchronize()),
    "an event waited for": ("wait", lambda losses: torch.cuda.current_stream().record_event().synchronize()),
    "work of the processor": ("processor", lambda losses: torch.ones(8, 8) @ torch.ones(8, 8)),
    "another stream": ("stream", other_stream),
    "memory of another stream": ("stream", other_memory),
}


def test_without_a_fault_there_is_none(tmp_path: Path) -> None:
    with fake_cuda() as device:
        assert steps_with(lambda losses: losses * 2 + 1.0, tmp_path, device) == []


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_found_in_a_step(name: str, tmp_path: Path) -> None:
    kind, fault = FAULTS[name]
    with fake_cuda() as device:
        found = steps_with(fault, tmp_path, device)
    assert found and all(one.startswith(f"{kind}: ") for one in found)
    assert all(", training/loop.py Training." in one and one.endswith(" (in a training step)") for one in found)


def test_a_tensor_of_the_host_in_a_step_is_refused(tmp_path: Path) -> None:
    with fake_cuda() as device, pytest.raises(RuntimeError, match="same device, but found cuda:0 and cpu"):
        steps_with(lambda losses: losses + torch.ones(len(losses)), tmp_path, device)


def test_every_kind_is_planted() -> None:
    """Tensors of the host apart, which are refused at once."""
    assert {kind for kind, _ in FAULTS.values()} | {"device"} == set(KINDS)


def test_a_batch_that_is_not_moved_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reprosep.training.moving.Moving.to", lambda batch, _device: batch)
    with fake_cuda(), pytest.raises(RuntimeError, match="is the host's"):
        CASE.training(tmp_path / "noise").step(0)


def test_a_batch_from_pageable_memory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the feed's thread, too, where a wait would be that of the next step."""
    monkeypatch.setattr(Tensor, "pin_memory", lambda tensor: tensor)
    with fake_cuda() as device:
        monkeypatch.setattr(Tensor, "pin_memory", lambda tensor: tensor)
        found = steps_with(lambda losses: None, tmp_path, device)
    assert found == [
        "to device: _to_copy, non-blocking but from memory that is not pinned, training/moving.py Moving.to"
    ]


def test_a_batch_that_nobody_waits_for_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cuda() as device:
        monkeypatch.setattr("fake_cuda.FakeStream.wait_stream", lambda stream, other: None)
        found = steps_with(lambda losses: None, tmp_path, device)
    assert found and all(one.startswith("stream: ") for one in found)


def test_what_is_left_behind_is_found(tmp_path: Path) -> None:
    with fake_cuda():
        training = CASE.training(tmp_path / "noise")
        training.step(0)
        assert left_behind(training) == []
        training.model.register_buffer("forgotten", torch.zeros(3))
        assert left_behind(training) == ["['buffers']['forgotten']"]


def test_what_is_meant_at_one_place_is_a_fault_at_another(tmp_path: Path) -> None:
    """And in a step everywhere, unless a step is meant."""
    for purpose in ON_PURPOSE:
        assert purpose.why.endswith(".") and not purpose.in_step
    with fake_cuda() as device:
        training = CASE.training(tmp_path / "noise")
        device.record.taken()
        training.examples.validation(0, 1).labels.cpu()
        assert faults(device.record.taken()) == ["to host: _to_copy, outside"]
        assert list(in_main_memory({"a": torch.zeros(2), "b": torch.zeros(2, device="cuda")})) == ["['a']"]
