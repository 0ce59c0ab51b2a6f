"""What a training costs its device: seconds, peak memory, and energy where the device tells it.

Energy is the device's own counter: NVML's of a GPU, RAPL's of a processor's packages where the system lets it be read.
It counts all that the device does, so a training that shares its device is given the share of its seconds.

References
----------
``nvmlDeviceGetTotalEnergyConsumption`` (mJ since the driver was loaded); Linux, Documentation/power/powercap.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

_RAPL = Path("/sys/class/powercap")
_MILLI, _MICRO = 1e-3, 1e-6


@dataclass
class Costs:
    """Of all sessions of a training: device seconds, joules (None where unknown), peak memory in bytes."""

    device_seconds: float = 0.0
    joules: float | None = None
    memory: int = 0


class Meter:
    """Adds to the costs of a training what its device used since the last look.

    Attributes
    ----------
    unknown
        Why the device does not tell its energy; empty where it does.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._last = self._look()

    def add(self, costs: Costs, seconds: float, devices: int) -> None:
        """`seconds` of this training have passed on each of its `devices` since the last look."""
        costs.device_seconds += seconds * devices
        costs.memory = max(costs.memory, peak_memory(self.device))
        now = self._look()
        (before, joules_before), (after, joules_after) = self._last, now
        self._last = now
        if joules_before is not None and joules_after is not None and after > before:
            used = max(joules_after - joules_before, 0.0)  # a counter may begin anew
            costs.joules = (costs.joules or 0.0) + used * min(seconds / (after - before), 1.0) * devices

    def _look(self) -> tuple[float, float | None]:
        joules, self.unknown = energy(self.device)
        return time.monotonic(), joules


def peak_memory(device: torch.device) -> int:
    """Most bytes at once so far: of the GPU for this process's tensors, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def energy(device: torch.device) -> tuple[float | None, str]:
    """The joules that the device has counted since it was switched on; None where it does not tell, and why."""
    return _gpu_energy(device) if device.type == "cuda" else _processor_energy()


def _gpu_energy(device: torch.device) -> tuple[float | None, str]:
    uuid = str(torch.cuda.get_device_properties(device).uuid)
    if uuid.startswith("MIG"):
        return None, "a slice of a GPU has no counter of its own"
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid.removeprefix('GPU-')}")
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) * _MILLI, ""
    except Exception as error:  # no library, no driver, an old GPU, no permission
        return None, f"NVML: {type(error).__name__}: {error}"


def _processor_energy() -> tuple[float | None, str]:
    try:
        packages = [path / "energy_uj" for path in _RAPL.glob("intel-rapl:?")]  # AMD's are named so, too
        if not packages:
            return None, f"no counter in {_RAPL}"
        return sum(int(path.read_text()) for path in packages) * _MICRO, ""
    except (OSError, ValueError) as error:
        return None, f"the counter in {_RAPL} cannot be read ({type(error).__name__})"
