"""Trainings side by side against the same alone."""

from __future__ import annotations

import time

from measuring.differences import all_apart, same, told
from measuring.findings import Findings
from measuring.noise import noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import target_run

from reprosep.base.preemption import StopRequest
from reprosep.training.checkpoint import copied
from reprosep.training.side_by_side import Job, SideBySide

_BATCH, _STEPS = 2, 10
_PAIRS = [("vocals", "iass"), ("drums", "iass"), ("vocals", "open-unmix")]
_CHANGE = {"training": {"batch_size": _BATCH, "epochs": 2, "items_per_epoch": _STEPS * _BATCH}}


def measure(day: Day, findings: Findings) -> None:
    """Three trainings, one after the other and together."""
    with noise_of(day) as noise:
        chosen = [target_run("musdb", target, system) for target, system in _PAIRS]
        together = [noise.training(day.sizes.small_scale, *pair, _CHANGE) for pair in chosen]
        jobs = [Job(training, noise.folder / f"{n}-together", "recipe") for n, training in enumerate(together)]
        start = time.monotonic()
        SideBySide(jobs, StopRequest()).run()
        wall = time.monotonic() - start
        for number, (pair, one) in enumerate(zip(chosen, together, strict=True)):
            alone = noise.training(day.sizes.small_scale, *pair, _CHANGE)
            alone.run(noise.folder / f"{number}-alone", "recipe")
            here, there = copied(alone.model), copied(one.model)
            found = "the same weights to the last bit" if same(here, there) else f"{told(all_apart(here, there))} apart"
            findings.check(f"{pair[0].id}", found, "the same weights to the last bit", same(here, there))
    seconds = sum(training.costs.device_seconds for training in together)
    found = f"{seconds:.1f} s in all of {wall:.1f} s by the clock"
    findings.check("the trainings' device seconds", found, "not more than the clock's", seconds <= wall)


SECTION = Section(
    name="company",
    title="Side by side against alone",
    about="Whether trainings that share a process have the weights that each has alone, and share its time.",
    seconds=20,
    measure=measure,
)
