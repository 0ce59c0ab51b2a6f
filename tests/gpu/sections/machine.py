"""Versions and rates."""

from __future__ import annotations

import os
import platform

import torch
from measuring import clock
from measuring.findings import Findings
from measuring.section import Section
from measuring.settings import Day
from torch import Tensor

from reprosep.base.provenance import commit, hardware, versions
from reprosep.metrics import transforms
from reprosep.models.recurrent import _FIRST_WITH_BFLOAT16
from reprosep.tools.bench.machine import copy_rate, matmul_rate, timed
from reprosep.training.costs import energy
from reprosep.training.devices import bfloat16_is_native, described

_PINNED_BYTES = {True: 1 << 20, False: 1 << 28}  # of a copy to the device, tiny and not
_LAUNCHES = 1000
_ROWS = 64


def measure(day: Day, findings: Findings) -> None:
    """What the machine is, and how fast it is at best."""
    _versions(day, findings)
    _rates(day, findings)


def _versions(day: Day, findings: Findings) -> None:
    table = findings.table("The machine", "what", "is")
    code, dirty = commit()
    about = {"commit": code + (" with changes" if dirty else ""), **versions(), **hardware(day.device_name)}
    about |= described(day.device) | {"transforms of scores": "ducc0" if transforms.ducc else "numpy"}
    if day.on_gpu:
        about |= {
            "capability": ".".join(map(str, torch.cuda.get_device_capability())),
            "GPUs": torch.cuda.device_count(),
        }
    about["node"] = platform.release()
    for name, value in about.items():
        table.row(name.replace("_", " "), str(value))
    _, unknown = energy(day.device)
    findings.check("energy counter", unknown or "read", "read", None)
    findings.check("bfloat16 in hardware", str(bfloat16_is_native(day.device)), "True", _on_gpu(day, True))
    version = torch.backends.cudnn.version() or 0
    told = f"cuDNN {version}"
    findings.check(
        "cuDNN with bfloat16 LSTMs",
        told,
        f"{_FIRST_WITH_BFLOAT16} or newer",
        _on_gpu(day, version >= _FIRST_WITH_BFLOAT16),
    )


def _on_gpu(day: Day, holds: bool) -> bool | None:
    """A verdict where there is a GPU to judge."""
    return holds if day.on_gpu else None


def _rates(day: Day, findings: Findings) -> None:
    table = findings.table("Rates, the best of some", "what", "rate", "of an H200, as published")
    if day.sizes.rates:
        for name, precision, tf32, published in (
            ("products in float32", torch.float32, False, "67 TFLOP/s"),
            ("products in TF32", torch.float32, True, "494 TFLOP/s"),
            ("products in bfloat16", torch.bfloat16, False, "989 TFLOP/s"),
        ):
            torch.backends.cuda.matmul.allow_tf32 = tf32
            table.row(name, f"{matmul_rate(precision, day.device) / 1e12:.1f} TFLOP/s", published)
        torch.backends.cuda.matmul.allow_tf32 = False
        table.row("copy within its memory, read and written", f"{copy_rate(day.device) / 1e9:.0f} GB/s", "4800 GB/s")
    for name, pinned in (("copy to it, pinned", True), ("copy to it, pageable", False)):
        table.row(name, f"{_upload(day, pinned) / 1e9:.1f} GB/s", "64 GB/s" if pinned else "")
    table.row("launching an operation", f"{1e6 * _launch(day):.1f} µs", "")
    table.row("cores that this process may use", str(len(os.sched_getaffinity(0))), "")


def _upload(day: Day, pinned: bool) -> float:
    """Bytes per second of copies to the device."""
    source = torch.zeros(_PINNED_BYTES[day.tiny], dtype=torch.uint8)
    source = source.pin_memory() if pinned and day.on_gpu else source
    target = torch.empty_like(source, device=day.device)
    return source.numel() / min(timed(lambda: target.copy_(source, non_blocking=True), day.device) for _ in range(5))


def _launch(day: Day) -> float:
    """Seconds of one of many operations that have nearly nothing to do."""
    value: Tensor = torch.zeros(_ROWS, device=day.device)
    count = _LAUNCHES
    clock.seconds_of(lambda: value.add_(1.0), day.device, count)
    return clock.seconds_of(lambda: value.add_(1.0), day.device, count) / count


SECTION = Section(
    name="machine",
    title="Versions and rates",
    about="On what everything below was measured, and how fast that is at best.",
    seconds=20,
    measure=measure,
)
