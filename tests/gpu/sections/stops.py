"""One training on two processes that share the device, one of them told to stop at random moments."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import safetensors.torch
import torch.distributed as dist
from measuring.children import child, end, how_it_ended
from measuring.differences import same
from measuring.findings import Findings
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import target_run

from reprosep.base.errors import Preempted
from reprosep.base.preemption import StopRequest
from reprosep.training.checkpoint import LAST

_STOPS = {False: 10, True: 2}  # tiny or not
_HUNG = 25.0  # seconds after which processes wait in vain
_BATCH = 2


def measure(day: Day, findings: Findings) -> None:
    """The same training undisturbed and disturbed."""
    with noise_of(day) as noise:
        noise.data(day.sizes.small_scale, "mm", on="cpu")  # written before anybody forks
        _both(noise, "once", 0)
        start = time.monotonic()
        _both(noise, "often", _STOPS[day.tiny])
        seconds = time.monotonic() - start
        counts = [(noise.folder / "often" / f"stops-{rank}").read_text() for rank in range(2)]
        findings.check("processes agree on every stop", " and ".join(counts), "the same", counts[0] == counts[1])
        wanted = _STOPS[day.tiny]
        told = f"{counts[0]} of {wanted} stops before the end, none hung, {seconds:.0f} s"
        findings.check("stops at random moments", told, f"half of {wanted} at least", 2 * int(counts[0]) >= wanted)
        one, other = (_weights(noise.folder / name) for name in ("once", "often"))
        found = "the same weights to the last bit" if same(one, other) else "other weights"
        findings.check("after all of them", found, "the same weights to the last bit", same(one, other))


def _weights(folder: Path) -> Any:
    return safetensors.torch.load_file(str(folder / "checkpoint" / LAST))


def _both(noise: Noise, name: str, stops: int) -> None:
    """Two processes train to the end, and end in time."""
    folder = noise.folder / name
    folder.mkdir()
    workers = [child(_train, noise, folder, rank, stops) for rank in range(2)]
    try:
        patience = _HUNG * noise.day.patience
        until = time.monotonic() + patience
        for worker in workers:
            worker.join(max(until - time.monotonic(), 0))
        for rank, worker in enumerate(workers):
            if worker.is_alive():
                raise RuntimeError(f"process {rank} still runs after {patience:.0f} s: it waits for the other in vain")
            if how := how_it_ended(worker):
                raise RuntimeError(f"process {rank} {how}")
    finally:
        for worker in workers:
            end(worker)


def _train(noise: Noise, folder: Path, rank: int, stops: int) -> None:
    """One of the two; who is told to stop and after how long is drawn, the same in both.

    NCCL has no two processes on one GPU, so that they speak by way of the processor (gloo).
    """
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    day, draw, done = noise.day, random.Random(1), 0
    settings = {"batch_size": _BATCH, "epochs": day.sizes.stop_epochs, "items_per_epoch": day.sizes.stop_steps * _BATCH}
    change: dict[str, Any] = {"training": {**settings, "gpu": 2, "schedule": "plateau"}}
    run, system = target_run("mm", "vocals", "iass")
    while True:
        told, wait, stop = draw.randrange(2), draw.uniform(0, day.sizes.stop_after), StopRequest()
        timer = threading.Timer(wait, setattr, (stop, "reason", "SIGUSR1"))
        training = noise.training(day.sizes.small_scale, run, system, change)
        if told == rank and done < stops:
            timer.start()
        try:
            training.run(folder / "checkpoint", "recipe", stop)
            break
        except Preempted:
            done += 1
        finally:
            timer.cancel()
    (folder / f"stops-{rank}").write_text(str(done))
    dist.destroy_process_group()


SECTION = Section(
    name="stops",
    title="Two processes, stopped at random",
    about=(
        "One training on two processes, one of which is told to stop at random moments: both must stop together, and "
        "nobody may wait for the other."
    ),
    seconds=40,
    measure=measure,
)
