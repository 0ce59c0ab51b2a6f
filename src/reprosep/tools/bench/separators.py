"""Ways to separate a whole song, in a process of its own.

``python -m reprosep.tools.bench.separators WAY PARAMS SONG`` prints processor seconds and peak memory beyond the
song's. The song is a float32 ``.npy``, ``(channel, sample)``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reprosep.audio.stft import stft
from reprosep.base.memory import keep_freed_memory
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.target.network import network
from reprosep.models.iass import IASS
from reprosep.models.inference import for_inference
from reprosep.papers.loading import load_paper
from reprosep.papers.system import TargetSystem
from reprosep.params.reading import load
from reprosep.params.scale import Params
from reprosep.tools.bench.process import measured

_PAPER, _SYSTEM = "iass", "iass"


def _network(params: Params, channels: int) -> Any:
    torch.manual_seed(0)
    system = load_paper(_PAPER).systems[_SYSTEM]
    assert isinstance(system, TargetSystem)
    return network(system, params, channels).eval()


def whole(params: Params, song: np.ndarray) -> np.ndarray:
    """As the authors separate: one STFT, one pass of the network over all frames, one inverse STFT."""
    model: IASS = _network(params, len(song))
    n_fft, hop = params.stft.n_fft, params.stft.hop
    with torch.inference_mode():
        spectrum = stft(torch.from_numpy(song)[None], n_fft, hop, center=True)
        estimate, _ = model(spectrum.abs())
        wanted = torch.polar(estimate, spectrum.angle())[0]
        wave: np.ndarray = torch.istft(
            wanted, n_fft, hop, window=torch.hann_window(n_fft), length=song.shape[1]
        ).numpy()
    return wave


def chunks(params: Params, song: np.ndarray) -> np.ndarray:
    """As here."""
    keep_freed_memory()
    return separate(for_inference(_network(params, len(song))), song, params).wave()


WAYS: dict[str, Callable[[Params, np.ndarray], np.ndarray]] = {"whole": whole, "chunks": chunks}


def main(way: str, params: Params, song: np.ndarray) -> dict[str, Any]:
    """Processor seconds and peak memory of one separation."""
    torch.set_num_threads(1)
    return measured([lambda: WAYS[way](params, song)])


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], load(Path(sys.argv[2])), np.load(sys.argv[3]))))
