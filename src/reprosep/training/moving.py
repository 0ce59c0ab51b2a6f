"""What the processor has prepared of a batch, on its way to the device that trains."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Self

import torch
from torch import Tensor


class Moving:
    """A dataclass of tensors and of what stays on the processor."""

    def to(self, device: torch.device) -> Self:
        """On a device; to a GPU by way of pinned memory, without waiting."""
        if device.type != "cuda":
            return self
        moved = {name: one.pin_memory().to(device, non_blocking=True) for name, one in self._tensors().items()}
        return replace(self, **moved)  # type: ignore[type-var]

    def record_stream(self, stream: torch.cuda.Stream) -> None:
        """Their memory is in use until `stream`, another than they were made on, has come past this point."""
        for one in self._tensors().values():
            one.record_stream(stream)

    def _tensors(self) -> dict[str, Tensor]:
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}
