"""Batch norm over the batches of all processes, so that a training on several devices is that on one.

On GPUs it is torch's own SyncBatchNorm. That one refuses processor tensors, so the same is written here for them:

.. math:: μ = \\frac{1}{N} Σ x, \\quad σ² = \\frac{1}{N} Σ (x - μ)², \\quad y = γ (x - μ) / \\sqrt{σ² + ε} + β

with both sums, in double precision, over all processes, and differentiated as such.

References
----------
Ioffe and Szegedy 2015, Algorithm 1; ``torch.nn.SyncBatchNorm``.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _Total(torch.autograd.Function):
    """The sum over processes; a process's part of it touches the losses of all, so its gradient is a sum as well."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        x = x.clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient


class ProcessorBatchNorm(_BatchNorm):
    """Batch norm over the equal shares of all processes, ``(item, channel, …)``."""

    def _check_input_dim(self, x: Tensor) -> None:
        """Any shape."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        axes = [0, *range(2, x.dim())]
        shape = [1, -1, *[1] * (x.dim() - 2)]
        wide = x.double()
        count = x.numel() // x.shape[1] * dist.get_world_size()
        mean = _Total.apply(wide.sum(axes)) / count
        centred = wide - mean.view(shape)
        variance = _Total.apply(centred.square().sum(axes)) / count
        self._follow(mean.detach(), variance.detach() * count / (count - 1))
        scaled = centred / (variance + self.eps).sqrt().view(shape)
        return (scaled * self.weight.view(shape) + self.bias.view(shape)).to(x.dtype)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as in every batch norm."""
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var), self.momentum)


def over_all_processes(model: nn.Module) -> nn.Module:
    """The network with every batch norm replaced by one over all processes; names of weights and buffers stay."""
    if next(model.parameters()).device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                norm = ProcessorBatchNorm(child.num_features, child.eps, child.momentum)
                norm.load_state_dict(child.state_dict())
                setattr(parent, name, norm)
    return model
