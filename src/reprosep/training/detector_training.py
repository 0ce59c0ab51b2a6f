"""Training of an instrument activity detector by the cross-entropy of all its labels.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018): multi-label, log-mel spectrograms of 1-s clips.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reprosep.models.build import build_model
from reprosep.papers import Run, System
from reprosep.params import Params
from reprosep.training.clip_labels import ClipLabels, LabelledClips
from reprosep.training.loop import Training


class DetectorTraining(Training):
    """All instruments at once."""

    losses = ("train_loss",)
    judged_by = stalled_by = "valid_loss"
    examples: LabelledClips

    def __init__(self, params: Params, run: Run, system: System, examples: LabelledClips) -> None:
        super().__init__(params, run, system, examples, examples.training_chunks)

    def build(self) -> nn.Module:
        return build_model(self.system, self.params, 1)

    def begin(self) -> None:
        """Take mean and deviation of the input."""
        self.model.set_statistics(*(one.to(self.device) for one in self.examples.statistics()))

    def losses_of(self, batch: ClipLabels) -> tuple[Tensor, Tensor]:
        loss = self._loss(self.network, batch)
        return loss, loss[None]

    def _loss(self, network: nn.Module, batch: ClipLabels) -> Tensor:
        with self.autocast():
            logits = network(batch.spectrograms)
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), batch.labels)

    @property
    def validated_seconds(self) -> float:
        return len(self.examples.valid) * self.params.detection.clip_seconds

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Mean of the loss over the validation clips."""
        self.model.eval()
        total = torch.zeros((), dtype=torch.double, device=self.device)
        starts = range(0, len(self.examples.valid), self.batch_size)
        for number in self.stop.until(self.devices.share(len(starts))):
            batch = self.examples.validation(starts[number], self.batch_size)
            total += len(batch.labels) * self._loss(self.model, batch).double()
        return {"valid_loss": float(self.devices.total(total)) / len(self.examples.valid)}
