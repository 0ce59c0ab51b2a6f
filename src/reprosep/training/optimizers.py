"""Optimizers of trainings, made and stepped without loading torch's compiler, which takes seconds of a process.

torch imports it where a method of an optimizer is called first, to hide the method from it. No optimizer is traced
here: `training.compile` compiles networks.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from typing import Any

import torch
from torch import nn

from reprosep.params.work import Optimizer


class Adam(torch.optim.Adam):
    """torch's, of whose method what is around its arithmetic is left out."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step along the gradients."""
        return unwrap(torch.optim.Adam.step)(self, closure)


class SGD(torch.optim.SGD):
    """As :class:`Adam`."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step along the gradients."""
        return unwrap(torch.optim.SGD.step)(self, closure)


def optimizer_of(model: nn.Module, settings: Optimizer, learning_rate: float) -> torch.optim.Optimizer:
    """Adam, or gradient descent with momentum."""
    _keep_methods_unhidden()
    shared: dict[str, Any] = {"lr": learning_rate, "weight_decay": settings.weight_decay, "fused": True}
    if settings.kind == "adam":
        return Adam(model.parameters(), **shared)
    return SGD(model.parameters(), momentum=settings.momentum, **shared)


def _keep_methods_unhidden() -> None:
    """Let the other methods be called as they are; a torch that hides them otherwise is left as it is."""
    for method in vars(torch.optim.Optimizer).values():
        hidden = getattr(method, "__wrapped__", None)
        if hidden is not None and getattr(hidden, "__dynamo_disable", None) is None:
            hidden.__dynamo_disable = hidden
