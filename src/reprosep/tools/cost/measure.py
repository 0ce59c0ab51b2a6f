"""Seconds per training item and per second of music, measured with the real training step on noise.

The recordings need not be there: a corpus of noise with one short song per class goes through the same mixer, the same
transforms, the same network and the same optimiser as a training does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reprosep.experiments.kinds import kind_of
from reprosep.experiments.noise import noise_data
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import Params
from reprosep.training.loop import Training


@dataclass(frozen=True)
class Speed:
    """What was measured: seconds per training item, seconds per second of a validation song, and where."""

    item: float
    music: float
    device: str


def measure(params: Params, run: Run, system: System, steps: int) -> Speed:
    """Median of `steps` training steps after a first one, and of the estimate of one song of noise."""
    params = params.of_corpus(run.corpus)
    torch.set_num_threads(params.training.threads)
    with tempfile.TemporaryDirectory(prefix="reprosep-cost-") as folder:
        training = training_on_noise(params, run, system, Path(folder))
        item = _median(lambda number: training.step(number).tolist(), steps) / training.batch_size
        music = _median(lambda _: training.validate(), steps) / training.validated_seconds
        return Speed(item, music, _device(training.device, params.training.threads))


def training_on_noise(params: Params, run: Run, system: System, folder: Path) -> Training[Any]:
    """A training of a run on a corpus of noise, which is written into an empty folder."""
    training: Training[Any] = (
        kind_of(system).module("noise").training_on_noise(noise_data(params, run.corpus, folder), run, system)
    )
    return training


def _median(call: Callable[[int], object], times: int) -> float:
    """Median seconds of calls with 1, 2, …, after one with 0 that warms up."""
    call(0)
    seconds = []
    for number in range(1, times + 1):
        start = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _device(device: torch.device, threads: int) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {threads} thread{'s' * (threads > 1)}"
