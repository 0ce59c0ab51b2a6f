"""Training by one loss of a batch, validated by its mean over validation items."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.training.feed import Batches
from reprosep.training.loop import NetworkType, Training


class Validated(Batches, Protocol):
    """Examples with validation items."""

    valid: list[Any]

    @property
    def training_chunks(self) -> int:
        """Items of a pass."""
        ...

    def validation(self, first: int, count: int) -> Any:
        """Validation items ``first … first + count - 1``, as far as there are so many."""
        ...


class BatchTraining(Training[NetworkType]):
    """What trainings by a single loss have in common."""

    losses = ("train_loss",)
    judged_by = stalled_by = "valid_loss"
    examples: Validated

    def __init__(self, params: Params, run: Run, system: NetworkType, examples: Validated) -> None:
        super().__init__(params, run, system, examples, examples.training_chunks)

    @abstractmethod
    def loss(self, network: nn.Module, batch: Any) -> Tensor:
        """The mean loss over the items of a batch."""

    def losses_of(self, batch: Any) -> tuple[Tensor, Tensor]:
        loss = self.loss(self.network, batch)
        return loss, loss[None]

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Mean of the loss over the validation items."""
        self.model.eval()
        total, items = torch.zeros((), dtype=torch.double, device=self.device), len(self.examples.valid)
        starts = range(0, items, self.batch_size)
        for number in self.stop.until(self.devices.share(len(starts))):
            first = starts[number]
            batch = self.examples.validation(first, self.batch_size)
            total += min(self.batch_size, items - first) * self.loss(self.model, batch).double()
        return {"valid_loss": float(self.devices.total(total)) / items}
