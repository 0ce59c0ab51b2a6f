"""One measurement in a process of its own: ``python -m reprosep.bench.measure IMPLEMENTATION FOLDER`` prints JSON.

A process of its own, so that one thread is really one and peak memory is that of the measured calls alone. The folder
holds int16 ``references.npy``, ``estimates.npy`` and ``more.npy`` (the next estimates), ``(source, sample, channel)``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from reprosep.bench.material import RATE


def _v4(references: np.ndarray, estimates: np.ndarray, more: np.ndarray) -> list[Callable[[], Any]]:
    from reprosep.metrics import References

    kept = References(references, RATE, RATE)
    return [lambda: kept.score(estimates), lambda: kept.score(more)]


def _museval(references: np.ndarray, estimates: np.ndarray, more: np.ndarray) -> list[Callable[[], Any]]:
    import museval

    return [lambda: museval.evaluate(references, estimates, win=RATE, hop=RATE)]


def _v3(references: np.ndarray, estimates: np.ndarray, more: np.ndarray) -> list[Callable[[], Any]]:
    from reprosep.metrics import bsseval_v3

    return [lambda: bsseval_v3(references[:, :, 0], estimates[:, :, 0])]


def _mir_eval(references: np.ndarray, estimates: np.ndarray, more: np.ndarray) -> list[Callable[[], Any]]:
    import mir_eval.separation

    return [
        lambda: mir_eval.separation.bss_eval_sources(references[:, :, 0], estimates[:, :, 0], compute_permutation=False)
    ]


def _fast_bss_eval(references: np.ndarray, estimates: np.ndarray, more: np.ndarray) -> list[Callable[[], Any]]:
    import fast_bss_eval
    import torch

    torch.set_num_threads(1)
    pair = [torch.from_numpy(np.ascontiguousarray(signals[:, :, 0])) for signals in (references, estimates)]
    return [lambda: fast_bss_eval.bss_eval_sources(*pair, compute_permutation=False)]


IMPLEMENTATIONS = {
    "v4": _v4,
    "museval": _museval,
    "v3": _v3,
    "mir_eval": _mir_eval,
    "fast_bss_eval": _fast_bss_eval,
}


def measure(implementation: str, folder: Path) -> dict[str, Any]:
    """Processor seconds of every call, and peak memory beyond the inputs in MB."""
    names = ("references", "estimates", "more")
    signals = [np.load(folder / f"{name}.npy") / 32768.0 for name in names]
    calls = IMPLEMENTATIONS[implementation](*signals)
    process, times = psutil.Process(), []
    before = process.memory_info().rss
    _forget_peak()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in calls:
            start = time.process_time()
            call()
            times.append(time.process_time() - start)
    return {"seconds": times, "megabytes": (_peak(process) - before) / 1e6}


def _forget_peak() -> None:
    with contextlib.suppress(OSError):  # Linux alone can reset the peak; elsewhere that of the inputs counts too
        Path("/proc/self/clear_refs").write_text("5")


def _peak(process: psutil.Process) -> float:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024.0 * int(line.split()[1])
    import resource

    return float(max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, process.memory_info().rss))


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
