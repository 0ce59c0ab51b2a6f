"""Training of a network that masks one target, on clips of one or several corpora.

.. math:: L = \\| M \\odot |X| - T_0^{|X|}(|S| \\cos(∠S - ∠X)) \\|_1

as a mean over items, bins and frames.

References
----------
Manilow et al., Slakh (WASPAA 2019), Eq. (1): the truncated phase-sensitive approximation, with the factor |X| (the
first author's later code leaves it out).
"""

from __future__ import annotations

from torch import Tensor, nn

from reprosep.experiments.clips.examples import ClipBatch, ClipExamples
from reprosep.training.batch_training import BatchTraining


class ClipTraining(BatchTraining):
    """One target, by the L1 distance to its truncated phase-sensitive magnitudes."""

    examples: ClipExamples

    def begin(self) -> None:
        """Nothing: the input is normalised by the network, if at all."""

    def loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """Eq. (1)."""
        with self.autocast():
            mask = network(batch.mixture)
        return nn.functional.l1_loss(mask.float() * batch.mixture, batch.wanted)

    @property
    def validated_seconds(self) -> float:
        return sum(clip.recipe.length for clip in self.examples.valid) / self.params.audio.sample_rate
