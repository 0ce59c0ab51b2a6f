"""Ways to run a training step of a network, in a process of its own.

``python -m reprosep.tools.bench.layouts WAY SYSTEM PARAMS BATCH DEVICE STEPS`` prints the seconds of each step after
two that warm up, peak memory, and what a step asks of the machine. The batch is the same in every step: its data is
measured by ``reprosep bench data``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reprosep.audio.stft import frame_count
from reprosep.base.memory import keep_freed_memory
from reprosep.experiments.target.network import network as build
from reprosep.papers.loading import load_paper
from reprosep.papers.system import TargetSystem
from reprosep.params.reading import load
from reprosep.params.scale import Params
from reprosep.tools.bench.machine import timed, work_of
from reprosep.training.costs import peak_memory
from reprosep.training.losses import activity_loss, separation_loss
from reprosep.training.weight_gradients import speed_up_weight_gradients

CORPUS, PAPER = "musdb", "iass"
# Way -> (channels last, bfloat16, fused optimiser, compiled).
WAYS = {
    "authors": (False, False, False, False),
    "float32": (True, False, True, False),
    "bfloat16": (True, True, True, False),
    "compiled": (True, True, True, True),
}
_WARM_UP = 2


def step_of(way: str, system: TargetSystem, params: Params, batch: int, device: torch.device) -> Callable[[], Any]:
    """A training step on one and the same batch of random magnitudes."""
    last, half, fused, compiled = WAYS[way]
    torch.manual_seed(0)
    layout = torch.channels_last if last else torch.contiguous_format
    model = build(system, params, params.corpora[CORPUS].channels).to(device)
    network: Any = model.to(memory_format=layout)  # type: ignore[call-overload]
    if last:
        speed_up_weight_gradients(network, "bfloat16" if half else "float32", device)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, weight_decay=1e-5, fused=fused)
    mixture, target, labels = _batch(params, batch, device)
    mixture = mixture.contiguous(memory_format=layout)
    if compiled:
        network = torch.compile(network)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            estimate, logit = network(mixture)
        loss = separation_loss(estimate, target)
        if logit is not None:
            loss = loss + system.activity_weight * activity_loss(logit, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def _batch(params: Params, batch: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    samples = round(params.training.chunk_seconds * params.audio.sample_rate)
    frames = frame_count(samples, params.stft.n_fft, params.stft.hop, center=False)
    shape = (batch, params.corpora[CORPUS].channels, params.stft.n_fft // 2 + 1, frames)
    mixture = torch.rand(shape, device=device)
    return mixture, mixture * torch.rand(shape, device=device), torch.ones(batch, frames, device=device)


def main(way: str, system: str, params: Params, batch: int, device: torch.device, steps: int) -> dict[str, Any]:
    """Seconds of `steps` steps, peak bytes, and operations and bytes of one."""
    if way != "authors":
        keep_freed_memory()
    torch.set_num_threads(1)
    chosen = load_paper(PAPER).systems[system]
    assert isinstance(chosen, TargetSystem)
    step = step_of(way, chosen, params, batch, device)
    for _ in range(_WARM_UP):
        step()
    seconds = [timed(step, device) for _ in range(steps)]
    memory = peak_memory(device)
    operations, moved = work_of(step) if way != "compiled" else (0, 0)
    return {"seconds": seconds, "memory": memory, "operations": operations, "bytes": moved}


if __name__ == "__main__":
    _way, _system, _params, _batch_size, _device, _steps = sys.argv[1:]
    _costs = main(_way, _system, load(Path(_params)), int(_batch_size), torch.device(_device), int(_steps))
    print(json.dumps(_costs))
