"""One implementation of BSS Eval in a process of its own.

``python -m reprosep.tools.bench.scorers IMPLEMENTATION FOLDER``: the folder holds ``references.npy``, ``estimates.npy``
and ``more.npy`` (the next estimates), int16 ``(source, sample, channel)``.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.tools.bench.material import RATE
from reprosep.tools.bench.process import measured


def _v4(references: np.ndarray, estimates: np.ndarray, more: np.ndarray) -> list[Callable[[], Any]]:
    from reprosep.metrics import References

    kept = References(references, RATE, RATE)
    return [lambda: kept.score(estimates), lambda: kept.score(more)]


def _v4_of_files(folder: Path) -> list[Callable[[], Any]]:
    from reprosep.metrics import References
    from reprosep.metrics.signals import FileSignals

    def signals(name: str) -> FileSignals:
        return FileSignals([[path] for path in sorted(folder.glob(f"{name}-*.wav"))])

    kept = References(signals("references"), RATE, RATE)
    estimates = signals("estimates")
    return [lambda: kept.score(estimates)] * 2


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
    if implementation == "v4 files":
        return measured(_v4_of_files(folder))
    names = ("references", "estimates", "more")
    signals = [np.load(folder / f"{name}.npy") / 32768.0 for name in names]
    calls = IMPLEMENTATIONS[implementation](*signals)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return measured(calls)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
