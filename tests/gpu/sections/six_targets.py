"""Six targets on one device: side by side in one process against several processes."""

from __future__ import annotations

import time
from multiprocessing.synchronize import Barrier
from typing import Any

from measuring.children import FORK, child, end, how_it_ended
from measuring.findings import Findings
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import target_run

from reprosep.tools.bench.machine import settle

_WAYS = {False: (1, 2, 3, 6), True: (1, 2)}  # processes, tiny or not
_TARGETS = {False: 6, True: 2}
_PATIENCE = 60.0  # seconds for processes to begin and to end


def measure(day: Day, findings: Findings) -> None:
    """All targets of MM, by the number of processes that share them."""
    count, batch = _TARGETS[day.tiny], day.sizes.batches[0]
    title = f"{count} trainings of IASS, batch {batch}, mono"
    table = findings.table(title, *("processes", "trainings in each", "items per second", "ms an item"))
    found = {}
    with noise_of(day) as noise:
        noise.data(day.sizes.scale, "mm", on="cpu")  # written before anybody forks
        for processes in _WAYS[day.tiny]:
            found[processes] = rate = _rate(noise, processes, count)
            table.row(str(processes), str(count // processes), f"{rate:.0f}", f"{1000 / rate:.3f}")
    best = max(found, key=lambda processes: found[processes])
    ratio = found[best] / found[1]
    findings.check("the fastest way", f"{best} processes, {ratio:.2f} times one", "", None)


def _rate(noise: Noise, processes: int, count: int) -> float:
    """Items per second of all trainings together, from when all have warmed up."""
    ready = FORK.Barrier(processes)
    answers: Any = FORK.SimpleQueue()
    shares = [range(first, count, processes) for first in range(processes)]
    workers = [child(_train, noise, list(share), ready, answers) for share in shares]
    try:
        for worker in workers:
            worker.join(_PATIENCE * noise.day.patience)
        bad = [how_it_ended(worker) or "still running" for worker in workers if worker.exitcode != 0]
        if bad:
            raise RuntimeError(f"{len(bad)} of {processes} processes: {bad[0]}")
        spans = [answers.get() for _ in workers]
    finally:
        for worker in workers:
            end(worker)
    items = count * noise.day.sizes.company_steps * noise.day.sizes.batches[0]
    return items / (max(last for _, last in spans) - min(first for first, _ in spans))


def _train(noise: Noise, share: list[int], ready: Barrier, answers: Any) -> None:
    """Steps of some of the targets, one of each in turn; tells when it began and ended."""
    day = noise.day
    change = {"training": {"batch_size": day.sizes.batches[0]}}
    targets = day.params(day.sizes.scale).corpora["mm"].targets
    chosen = [target_run("mm", targets[number % len(targets)], "iass") for number in share]
    trainings = [noise.training(day.sizes.scale, *pair, change) for pair in chosen]
    for training in trainings:
        training.model.train()
        for number in range(day.sizes.warm_up):
            training.step(number)
    settle(day.device)
    ready.wait(_PATIENCE * day.patience)
    start = time.monotonic()
    for number in range(day.sizes.warm_up, day.sizes.warm_up + day.sizes.company_steps):
        for training in trainings:
            training.step(number)
    settle(day.device)
    answers.put((start, time.monotonic()))


SECTION = Section(
    name="six_targets",
    title="Six targets at once",
    about=(
        "Six networks are to be trained. Whether one process with a step of each in turn keeps the GPU busy, or "
        "several processes do (without NVIDIA's MPS, their kernels take turns)."
    ),
    seconds=40,
    measure=measure,
)
