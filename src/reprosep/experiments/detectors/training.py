"""Training of an instrument activity detector by the cross-entropy of all its labels.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018): multi-label, log-mel spectrograms of 1-s clips.
"""

from __future__ import annotations

from torch import Tensor, nn

from reprosep.experiments.detectors.examples import ClipLabels, LabelledClips
from reprosep.training.batch_training import BatchTraining


class DetectorTraining(BatchTraining):
    """All instruments at once."""

    examples: LabelledClips

    def begin(self) -> None:
        """Take mean and deviation of the input."""
        self.model.set_statistics(*(one.to(self.device) for one in self.examples.statistics()))

    def loss(self, network: nn.Module, batch: ClipLabels) -> Tensor:
        """Cross-entropy, mean over clips and instruments."""
        with self.autocast():
            logits = network(batch.spectrograms)
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), batch.labels)

    @property
    def validated_seconds(self) -> float:
        return len(self.examples.valid) * self.params.detection.clip_seconds
