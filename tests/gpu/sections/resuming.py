"""Twenty steps against ten, a stop, and ten more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measuring.differences import all_apart, same, told
from measuring.findings import Findings
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import Pair, one_of_every_network

from reprosep.base.errors import Preempted
from reprosep.base.preemption import StopRequest
from reprosep.training.checkpoint import copied
from reprosep.training.loop import Training

_BATCH = 2


def measure(day: Day, findings: Findings) -> None:
    """One run of every network, small."""
    steps = day.sizes.resumed_steps
    with noise_of(day) as noise:
        for pair in one_of_every_network(day, day.sizes.small_scale):
            whole = _whole(noise, pair)
            again = _whole(noise, pair)
            _judge(findings, f"{pair[0].id}: {steps} steps twice", whole, again)
            _judge(findings, f"{pair[0].id}: stopped after {steps // 2}", whole, _in_parts(noise, pair))


def _training(noise: Noise, pair: Pair) -> Training[Any]:
    """One epoch, deterministic."""
    size = {"batch_size": _BATCH, "epochs": 1, "items_per_epoch": noise.day.sizes.resumed_steps * _BATCH}
    return noise.training(noise.day.sizes.small_scale, *pair, {"training": {**size, "deterministic": True}})


def _judge(findings: Findings, what: str, one: Any, other: Any) -> None:
    equal = same(one, other)
    found = "the same weights to the last bit" if equal else f"weights {told(all_apart(one, other))} apart"
    findings.check(what, found, "the same weights to the last bit", equal)


def _whole(noise: Noise, pair: Pair) -> Any:
    training = _training(noise, pair)
    training.run(_folder(noise), "recipe")
    return copied(training.model)


def _in_parts(noise: Noise, pair: Pair) -> Any:
    folder, stop, middle = _folder(noise), StopRequest(), noise.day.sizes.resumed_steps // 2
    stopped = _training(noise, pair)
    try:
        for done, _ in enumerate(stopped.running(folder, "recipe", stop)):
            if done == middle:
                stop.reason = "SIGUSR1"
    except Preempted:
        pass
    assert stopped.part.steps == middle, stopped.part.steps
    resumed = _training(noise, pair)
    resumed.run(folder, "recipe")
    return copied(resumed.model)


def _folder(noise: Noise) -> Path:
    """An empty one for a checkpoint."""
    folder = noise.folder / f"checkpoint-{len(list(noise.folder.glob('checkpoint-*')))}"
    folder.mkdir()
    return folder


SECTION = Section(
    name="resuming",
    title="Stopped and taken up again",
    about=(
        "A training that is stopped goes on to the same weights. That holds on processors to the last bit; on a GPU it "
        "holds if its algorithms are deterministic and all random states are kept."
    ),
    seconds=40,
    measure=measure,
)
