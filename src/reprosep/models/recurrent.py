"""LSTMs in the precision in which a GPU's library has them as one piece.

Under autocast to bfloat16 an LSTM is computed in bfloat16. cuDNN has such LSTMs from version 9.13 on; with an older one
PyTorch takes every gate of every frame as kernels of its own, some ten thousands in a step. There it stays in float32.

References
----------
PyTorch, ``aten/src/ATen/native/cudnn/RNN.cpp``; counted: 27,000 kernels a step of Open-Unmix, 58,000 of the BLSTM.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_FIRST_WITH_BFLOAT16 = 91300  # cuDNN's version, as torch.backends.cudnn.version() tells it


def run_lstm(layers: nn.LSTM, x: Tensor) -> Tensor:
    """The states of all frames, of the shape that `layers` has; float32 where bfloat16 would go gate by gate."""
    if not needs_float32(x.device):
        states: Tensor = layers(x)[0]
        return states
    with torch.autocast(x.device.type, enabled=False):
        states = layers(x.float())[0]
    return states


def needs_float32(device: torch.device) -> bool:
    """Whether autocast to bfloat16 is on, on a GPU whose cuDNN has no LSTM in it."""
    if device.type != "cuda" or not torch.is_autocast_enabled("cuda"):
        return False
    return (torch.backends.cudnn.version() or 0) < _FIRST_WITH_BFLOAT16
