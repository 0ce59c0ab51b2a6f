"""Whole training steps with their data on a GPU: items per second and how busy it is, by where the recordings lie."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import get_args

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
from reprosep.training.loop import Training
from reprosep.training.recordings import Placement

_SYSTEMS = ("iass", "open-unmix")
_WARM_UP, _STEPS = 10, 40
_MICROSECOND = 1e-6


def bench_whole_steps(params: Params, batches: list[int]) -> Table:
    """Of every network, batch size and placement: milliseconds per item, items per second, share of time in kernels."""
    title = f"Whole training steps with their data on {torch.cuda.get_device_name()}"
    table = Table(title=title, title_justify="left")
    for column in ("system", "batch", "recordings", "ms per item", "items per s", "in kernels", "peak MB"):
        table.add_column(column, justify="left" if column in ("system", "recordings") else "right")
    for system in _SYSTEMS:
        for batch in batches:
            for placement in get_args(Placement):
                table.add_row(system, str(batch), placement, *_measure(params, system, batch, placement))
    return table


def _measure(params: Params, system: str, batch: int, placement: Placement) -> list[str]:
    change = {"training": {"batch_size": batch, "gpu": 1}, "machine": {"recordings": placement}}
    changed = parse(merge(dump(params), change))
    run = Run("musdb", "vocals", system, params.seeds[0])
    with tempfile.TemporaryDirectory(prefix="reprosep-bench-") as folder:
        training = training_on_noise(changed, run, load_paper("iass").systems[system], Path(folder))
        torch.cuda.reset_peak_memory_stats()
        _steps(training, 0, _WARM_UP)
        seconds = _steps(training, _WARM_UP, _STEPS)
        busy = _time_in_kernels(training, _WARM_UP + _STEPS) / seconds
    item = seconds / _STEPS / batch
    memory = torch.cuda.max_memory_allocated() / 1e6
    return [f"{1000 * item:.3f}", f"{1 / item:.0f}", f"{100 * busy:.0f} %", f"{memory:.0f}"]


def _steps(training: Training, first: int, count: int) -> float:
    settle(training.device)
    start = time.perf_counter()
    for number in range(first, first + count):
        training.step(number)
    settle(training.device)
    return time.perf_counter() - start


def _time_in_kernels(training: Training, first: int) -> float:
    """Seconds of as many steps in which a kernel runs: the union of the kernels' times."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        _steps(training, first, _STEPS)
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
