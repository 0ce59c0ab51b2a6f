"""How long work on a device takes, and how much of that it spends in kernels."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from reprosep.tools.bench.machine import settle

_MICROSECOND = 1e-6
_ROUNDS = 3


@dataclass(frozen=True)
class Pace:
    """Seconds of a call; share of that time in which a kernel runs, and kernels of a call (None on a processor)."""

    seconds: float
    busy: float | None
    kernels: float | None

    @property
    def milliseconds(self) -> str:
        """Of a call."""
        return f"{1000 * self.seconds:.2f}"

    @property
    def in_kernels(self) -> str:
        """That share."""
        return "" if self.busy is None else f"{100 * self.busy:.0f} %"

    @property
    def launches(self) -> str:
        """Kernels of a call."""
        return "" if self.kernels is None else f"{self.kernels:.0f}"


def pace(call: Callable[[], Any], device: torch.device, warm_up: int, count: int) -> Pace:
    """The median of rounds of `count` calls that do not wait for each other, after some that warm up."""
    seconds_of(call, device, warm_up)
    seconds = statistics.median(seconds_of(call, device, count) for _ in range(_ROUNDS)) / count
    if device.type != "cuda":
        return Pace(seconds, None, None)
    busy, kernels = _in_kernels(call, device, count)
    return Pace(seconds, busy / seconds, kernels)


def seconds_of(call: Callable[[], Any], device: torch.device, count: int) -> float:
    """Of so many calls, the device's work included."""
    settle(device)
    start = time.perf_counter()
    for _ in range(count):
        call()
    settle(device)
    return time.perf_counter() - start


def _in_kernels(call: Callable[[], Any], device: torch.device, count: int) -> tuple[float, float]:
    """Seconds of a call in which a kernel runs, the union of the kernels' times, and kernels of a call."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        seconds_of(call, device, count)
    events = [event for event in profiler.events() or [] if event.device_type == DeviceType.CUDA]
    total, last = 0.0, 0.0
    for start, end in sorted((event.time_range.start, event.time_range.end) for event in events):
        total += max(end - max(start, last), 0.0)
        last = max(last, end)
    return total * _MICROSECOND / count, len(events) / count
