"""How far two results are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor


def apart(one: Tensor, other: Tensor) -> float:
    """Norm of the difference over that of the first; 0 for two that are zero."""
    a, b = one.detach().double().cpu(), other.detach().double().cpu()
    size = float(a.norm())
    return float((a - b).norm()) / size if size else float(b.norm())


def all_apart(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """The same of all tensors together."""
    assert one.keys() == other.keys()
    join = [torch.cat([part[name].detach().double().cpu().flatten() for name in one]) for part in (one, other)]
    return apart(*join)


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether all are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name].cpu(), other[name].cpu()) for name in one)


def tensors_of(batch: Any) -> dict[str, Tensor]:
    """The tensors of a batch by name."""
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def told(difference: float) -> str:
    """A relative difference for people."""
    return "0" if difference == 0 else f"{difference:.1e}"
