"""LSTMs in the precision in which a GPU's library has them as one piece.

Under autocast to bfloat16 an LSTM is computed in bfloat16. cuDNN has such LSTMs from version 9.13 on; with an older one
PyTorch takes every gate of every frame as kernels of its own, some ten thousands in a step. There it stays in float32.

References
----------
PyTorch, ``aten/src/ATen/native/cudnn/RNN.cpp``; counted: 27,000 kernels a step of Open-Unmix, 58,000 of the BLSTM.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_FIRST_WITH_BFLOAT16 = 91300  # cuDNN's version, as torch.backends.cudnn.version() tells it


def run_lstm(layers: nn.LSTM, x: Tensor, frames: Sequence[int] | None = None) -> Tensor:
    """The states of all frames, of the shape that `layers` has; float32 where bfloat16 would go gate by gate.

    With `frames`, item i has its first ``frames[i]`` alone: the way back begins with the last of them, and what stands
    behind is zero.
    """
    if not needs_float32(x.device):
        return _run(layers, x, frames)
    with torch.autocast(x.device.type, enabled=False):
        return _run(layers, x.float(), frames)


def _run(layers: nn.LSTM, x: Tensor, frames: Sequence[int] | None) -> Tensor:
    if frames is None:
        states: Tensor = layers(x)[0]
        return states
    first, most = layers.batch_first, x.shape[1 if layers.batch_first else 0]
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(frames), first, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(layers(packed)[0], first, total_length=most)[0]


def needs_float32(device: torch.device) -> bool:
    """Whether autocast to bfloat16 is on, on a GPU whose cuDNN has no LSTM in it."""
    if device.type != "cuda" or not torch.is_autocast_enabled("cuda"):
        return False
    return (torch.backends.cudnn.version() or 0) < _FIRST_WITH_BFLOAT16
