"""Finished networks on a GPU or on the processor, with the same result but for rounding.

Everything around a network stays on the processor: it gets what its input is, and gives its output back. So memory on
a GPU is that of the chunks which pass the network together.

References
----------
PyTorch, "MPS backend": operators that Apple's GPUs lack raise NotImplementedError.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

CPU = torch.device("cpu")
_INCOMPLETE = "mps"  # the type of device that lacks operators
Made = TypeVar("Made")


def device_of(model: Any) -> torch.device:
    """Where the weights of a network are."""
    weights = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return CPU if weights is None else weights.device


def answered(model: Any, part: Callable[..., Made], *inputs: Tensor) -> Made:
    """What `part` of a network makes of inputs, on the network's device.

    A network for which Apple's GPU lacks an operator is taken back to the processor, and stays there.
    """
    device = device_of(model)
    try:
        return part(*(one.to(device) for one in inputs))
    except NotImplementedError as error:
        if device.type != _INCOMPLETE:
            raise
        lacking = str(error).split(".")[0].splitlines()[0]
        print(f"{device.type} cannot compute this network ({lacking}); the processor goes on", file=sys.stderr)
        model.to(CPU)
        return part(*(one.to(CPU) for one in inputs))
