"""What a machine can do at best, its rates of matrix products and of copying, and the work that a step asks of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

# What the columns "of products" and "of copying" of a table mean.
SHARES = (
    "of products, of copying: the time that the operations, or all bytes that they read and write, would take at this "
    "machine's measured rate of large matrix products, or of copying, in % of the time measured"
)
_MATRIX = {"cpu": 1536, "cuda": 8192}  # rows
_COPIED = {"cpu": 1 << 27, "cuda": 1 << 30}  # bytes, more than any cache holds
_TIMES = 5


def copy_rate(device: torch.device | None = None) -> float:
    """Bytes per second read and written by a copy within the device's memory; the best of some."""
    device = device or torch.device("cpu")
    source = torch.zeros(_COPIED[device.type], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.numel() / _best(lambda: target.copy_(source), device)


def matmul_rate(precision: torch.dtype, device: torch.device | None = None) -> float:
    """Floating-point operations per second of a large matrix product; the best of some."""
    device = device or torch.device("cpu")
    rows = _MATRIX[device.type]
    matrix = torch.randn(rows, rows, device=device).to(precision)
    return 2 * rows**3 / _best(lambda: matrix @ matrix, device)


def _best(call: Callable[[], Any], device: torch.device) -> float:
    return min(timed(call, device) for _ in range(_TIMES))


def timed(call: Callable[[], Any], device: torch.device) -> float:
    """Seconds of a call, the device's work included."""
    settle(device)
    start = time.perf_counter()
    call()
    settle(device)
    return time.perf_counter() - start


def settle(device: torch.device) -> None:
    """Wait for the device's work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class _Bytes(TorchDispatchMode):
    """Counts the bytes that operations read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if not function.is_view:
            for one in tree_leaves((args, kwargs, result)):
                self.total += one.numel() * one.element_size() if isinstance(one, Tensor) else 0
        return result


def work_of(call: Callable[[], Any]) -> tuple[int, int]:
    """(floating-point operations of matrix products and convolutions, bytes that all operations read and write)."""
    with FlopCounterMode(display=False) as operations:
        call()
    with _Bytes() as moved:
        call()
    return operations.get_total_flops(), moved.total
