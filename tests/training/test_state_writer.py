"""States written beside a training: in order, one at a time, and no error is lost."""

from __future__ import annotations

import threading

import pytest
import torch

from reprosep.base.errors import UserError
from reprosep.training.state_writer import StateWriter


@pytest.mark.parametrize(("device", "beside"), [("cpu", False), ("cuda", True)])
def test_who_writes(device: str, beside: bool) -> None:
    names: list[str] = []
    writer = StateWriter(torch.device(device))
    writer.write(lambda: names.append(threading.current_thread().name))
    writer.wait()
    assert [name.startswith("states") for name in names] == [beside]


def test_a_training_goes_on_while_a_state_is_written() -> None:
    may_end, done = threading.Event(), list[int]()

    def slow(number: int) -> None:
        assert may_end.wait(20)
        done.append(number)

    writer = StateWriter(torch.device("cuda"))
    writer.write(lambda: slow(1))
    assert done == []  # and here the next step would run
    may_end.set()
    writer.write(lambda: slow(2))
    assert done[0] == 1
    writer.wait()
    assert done == [1, 2]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_goes_wrong_is_told_once(device: str) -> None:
    def full() -> None:
        raise UserError("state.pt: no space left")

    writer = StateWriter(torch.device(device))
    with pytest.raises(UserError, match="no space left"):
        writer.write(full)
        writer.wait()
    writer.wait()
    writer.write(lambda: None)
    writer.wait()
