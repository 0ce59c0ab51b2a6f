"""Whole training steps with their data on a GPU: items per second and how busy it is, by where the recordings lie."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, get_args

import torch
from rich.table import Table
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.tools.bench.machine import settle
from reprosep.tools.cost.measure import training_on_noise
from reprosep.training.costs import peak_memory
from reprosep.training.loop import Training
from reprosep.training.recordings import Placement

_SYSTEMS = ("iass", "open-unmix")
_WARM_UP = 10
_STEPS = {False: 40, True: 10}  # quickly or not
_QUICK = "Quick, recordings on the device alone, without torch.compile. "
_MICROSECOND = 1e-6


def bench_whole_steps(params: Params, batches: list[int], quick: bool = False) -> Table:
    """Of every network, batch size and placement: milliseconds per item, items per second, share of time in kernels.

    `quick` has one placement and compiles nothing.
    """
    title = f"{_QUICK if quick else ''}Whole training steps with their data on {_device_name()}"
    placements: tuple[Placement, ...] = ("device",) if quick else get_args(Placement)
    table = Table(title=title, title_justify="left")
    for column in ("system", "batch", "recordings", "ms per item", "items per s", "in kernels", "peak MB"):
        table.add_column(column, justify="left" if column in ("system", "recordings") else "right")
    for system in _SYSTEMS:
        for batch in batches:
            for placement in placements:
                table.add_row(system, str(batch), placement, *_measure(params, system, batch, placement, quick))
    return table


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor"


def _measure(params: Params, system: str, batch: int, placement: Placement, quick: bool) -> list[str]:
    change: dict[str, Any] = {"training": {"batch_size": batch, "gpu": 1}, "machine": {"recordings": placement}}
    if quick:
        change = merge(change, {"training": {"compile": "never"}})
    changed, steps = parse(merge(dump(params), change)), _STEPS[quick]
    run = Run("musdb", "vocals", system, params.seeds[0])
    with tempfile.TemporaryDirectory(prefix="reprosep-bench-") as folder:
        training = training_on_noise(changed, run, load_paper("iass").systems[system], Path(folder))
        on_gpu = training.device.type == "cuda"
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        _steps(training, 0, _WARM_UP)
        seconds = _steps(training, _WARM_UP, steps)
        busy = f"{100 * _time_in_kernels(training, _WARM_UP + steps, steps) / seconds:.0f} %" if on_gpu else ""
        memory = peak_memory(training.device) / 1e6
    item = seconds / steps / batch
    return [f"{1000 * item:.3f}", f"{1 / item:.0f}", busy, f"{memory:.0f}"]


def _steps(training: Training, first: int, count: int) -> float:
    settle(training.device)
    start = time.perf_counter()
    for number in range(first, first + count):
        training.step(number)
    settle(training.device)
    return time.perf_counter() - start


def _time_in_kernels(training: Training, first: int, count: int) -> float:
    """Seconds of as many steps in which a kernel runs: the union of the kernels' times."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        _steps(training, first, count)
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in profiler.events() or []
        if event.device_type == DeviceType.CUDA
    )
    total, last = 0.0, 0.0
    for start, end in spans:
        total += max(end - max(start, last), 0.0)
        last = max(last, end)
    return total * _MICROSECOND
