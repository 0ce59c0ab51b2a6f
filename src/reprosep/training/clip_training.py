"""Training of a network that masks one target, on clips of one or several corpora.

.. math:: L = \\| M \\odot |X| - T_0^{|X|}(|S| \\cos(∠S - ∠X)) \\|_1

as a mean over items, bins and frames.

References
----------
Manilow et al., Slakh (WASPAA 2019), Eq. (1): the truncated phase-sensitive approximation, with the factor |X| (the
first author's later code leaves it out).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reprosep.models.build import build_model
from reprosep.papers import Run, System
from reprosep.params import Params
from reprosep.training.clip_examples import ClipBatch, ClipExamples
from reprosep.training.loop import Training


class ClipTraining(Training):
    """One target, by the L1 distance to its truncated phase-sensitive magnitudes."""

    losses = ("train_loss",)
    judged_by = stalled_by = "valid_loss"
    examples: ClipExamples

    def __init__(self, params: Params, run: Run, system: System, examples: ClipExamples) -> None:
        super().__init__(params, run, system, examples, examples.training_chunks)

    def build(self) -> nn.Module:
        return build_model(self.system, self.params, 1)

    def begin(self) -> None:
        """Nothing: the input is normalised by the network, if at all."""

    def losses_of(self, batch: ClipBatch) -> tuple[Tensor, Tensor]:
        loss = self._loss(self.network, batch)
        return loss, loss[None]

    def _loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        with self.autocast():
            mask = network(batch.mixture)
        return nn.functional.l1_loss(mask.float() * batch.mixture, batch.wanted)

    @property
    def validated_seconds(self) -> float:
        return sum(clip.recipe.length for clip in self.examples.valid) / self.params.audio.sample_rate

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Mean of the loss over the validation clips."""
        self.model.eval()
        total = torch.zeros((), dtype=torch.double, device=self.device)
        starts = range(0, len(self.examples.valid), self.batch_size)
        for number in self.stop.until(self.devices.share(len(starts))):
            batch = self.examples.validation(starts[number], self.batch_size)
            total += len(batch.mixture) * self._loss(self.model, batch).double()
        return {"valid_loss": float(self.devices.total(total)) / len(self.examples.valid)}
