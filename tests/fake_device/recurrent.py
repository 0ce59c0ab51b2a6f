"""Recurrent layers of the fake device as one operation each, as cuDNN has them.

Without cuDNN, PyTorch would take every gate of every frame as an operation of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from tensors import OnDevice, current_device
from torch import Tensor


class _Layers(torch.autograd.Function):
    """Layers on the hosts, with a graph of their own for the way back."""

    @staticmethod
    def forward(ctx: Any, layers: Callable[..., tuple[Tensor, ...]], *tensors: Tensor) -> tuple[Tensor, ...]:
        wanted = ctx.needs_input_grad[1:]
        ctx.hosts = [_host(one).detach().requires_grad_(want) for one, want in zip(tensors, wanted, strict=True)]
        with torch.enable_grad(), current_device().inside():
            ctx.results = layers(*ctx.hosts)
        return tuple(_shell(result.detach()) for result in ctx.results)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        wanted = [host for host in ctx.hosts if host.requires_grad]
        gradients = tuple(_host(one) for one in gradients)
        with current_device().inside():
            found = iter(torch.autograd.grad(ctx.results, wanted, gradients, allow_unused=True))
        each = [next(found) if host.requires_grad else None for host in ctx.hosts]
        return None, *(None if one is None else _shell(one) for one in each)


def _host(tensor: Tensor) -> Tensor:
    if not isinstance(tensor, OnDevice):
        current_device().record.add("device", "recurrent layers with a tensor of the host")
        raise RuntimeError("Input and parameter tensors are not at the same device, found one of them at cpu")
    return tensor.host


def _shell(host: Tensor) -> Tensor:
    return OnDevice(host, current_device().streams.memory())


def as_one_operation(patch: pytest.MonkeyPatch) -> None:
    """``nn.LSTM`` and ``nn.GRU`` of the device."""
    for name in ("lstm", "gru"):
        patch.setattr(torch._VF, name, _one(getattr(torch._C._VariableFunctions, name)), raising=False)


def _one(real: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
    """The layers on the hosts in float32; of sequences that are packed, sizes of batches follow the input."""

    def layers(x: Tensor, *arguments: Any) -> tuple[Tensor, ...]:
        if not isinstance(x, OnDevice):
            return real(x, *arguments)
        is_packed = isinstance(arguments[0], Tensor) and not arguments[0].is_floating_point()
        sizes, (states, weights, *settings) = arguments[:is_packed], arguments[is_packed:]
        first = [states] if isinstance(states, Tensor) else list(states)

        def on_hosts(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
            begun = rest[0] if isinstance(states, Tensor) else rest[: len(first)]
            return real(x, *sizes, begun, list(rest[len(first) :]), *settings)

        results: tuple[Tensor, ...] = _Layers.apply(on_hosts, x.float(), *(one.float() for one in first), *weights)
        narrow = torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled("cuda") else x.dtype
        return tuple(result.to(narrow) for result in results)

    return layers
