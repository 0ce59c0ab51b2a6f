"""A finished network as it estimates."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def for_inference(model: nn.Module) -> Any:
    """A finished network as it estimates fastest, the same but for rounding; its weights have other names then.

    Batch norms that follow a convolution directly become part of it, and tensors keep their channels last.
    """
    model.eval()
    for sequence in [one for one in model.modules() if isinstance(one, nn.Sequential)]:
        for place in range(len(sequence) - 1):
            convolution, norm = sequence[place], sequence[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                sequence[place], sequence[place + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    for module in model.modules():
        if isinstance(module, nn.LeakyReLU):
            module.inplace = True
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def parameter_count(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in model.parameters())
