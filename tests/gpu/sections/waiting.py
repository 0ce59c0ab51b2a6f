"""No step waits for the device."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from measuring.findings import Findings
from measuring.noise import noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import one_of_every_network

from reprosep.training.loop import Training

_MAY_WAIT, _MUST_NOT = 3, 5  # steps


def measure(day: Day, findings: Findings) -> None:
    """One run of every network: some steps, then some in which every waiting is an error."""
    expected = f"none after step {_MAY_WAIT}"
    with noise_of(day) as noise:
        for run, system in one_of_every_network(day, day.sizes.small_scale):
            training = noise.training(day.sizes.small_scale, run, system, {"training": {"batch_size": 2}})
            training.begin()
            training.model.train()
            where = _waits(training)
            found = f"at {where}" if where else "none" if day.on_gpu else "none asked for: a processor has no queue"
            findings.check(f"synchronisation in steps of {run.id}", found, expected, not where if day.on_gpu else None)


def _waits(training: Training[Any]) -> str:
    """Where the first step waits that must not; empty where none does."""
    for number in range(_MAY_WAIT):
        training.step(number)
    try:
        with _waiting_is_an_error(training.device):
            for number in range(_MAY_WAIT, _MAY_WAIT + _MUST_NOT):
                training.step(number)
    except RuntimeError as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "reprosep" in frame.filename] or frames
        return f"{ours[-1].filename.rpartition('/')[2]}, line {ours[-1].lineno}: {str(error).splitlines()[0]}"
    return ""


@contextmanager
def _waiting_is_an_error(device: torch.device) -> Iterator[None]:
    if device.type != "cuda":
        yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


SECTION = Section(
    name="waiting",
    title="No step waits for the GPU",
    about=(
        "A step that copies a number back, or anything else that waits, keeps the processor from preparing the next. "
        "After the first three steps PyTorch is told to refuse all that waits."
    ),
    seconds=25,
    measure=measure,
)
