"""torch.compile of the training step's network, where it pays back within the run."""

from __future__ import annotations

import shutil
from typing import Any

import torch
from torch import nn

from reprosep.base.errors import UserError
from reprosep.params.work import Training

# Compiling takes a minute or two (measured on a processor: 40 to 79 s); what it saves per item on a GPU is not measured
# yet, and a millisecond is the most there is to save.
_ITEMS_WORTH_IT = 100_000
_COMPILERS = ("c++", "g++", "clang++")


def compiled(network: nn.Module, settings: Training, device: torch.device, items: int) -> Any:
    """The network as a step calls it, compiled if `settings` want that for a training of `items` items.

    On a processor compiling wins nothing over channels_last, so ``auto`` leaves it. It leaves several GPUs, too: a
    compiled graph breaks at every batch norm over all of them.

    Raises
    ------
    UserError
        Where it is wanted and there is no compiler.
    """
    automatic = settings.compile == "auto" and device.type == "cuda" and settings.gpu == 1 and items >= _ITEMS_WORTH_IT
    if settings.compile != "always" and not automatic:
        return network
    if not any(shutil.which(name) for name in _COMPILERS):
        raise UserError(
            f"training.compile: {settings.compile} needs a C++ compiler, none of {', '.join(_COMPILERS)} was found; "
            "install one or set it to never"
        )
    return torch.compile(network)
