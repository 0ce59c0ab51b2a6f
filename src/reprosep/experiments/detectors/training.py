"""Training of an instrument activity detector by the cross-entropy of all its labels.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018): multi-label, log-mel spectrograms of 1-s clips.
"""

from __future__ import annotations

from torch import Tensor, nn

from reprosep.experiments.data import CorpusData
from reprosep.experiments.detectors.examples import ClipLabels, LabelledClips
from reprosep.experiments.detectors.network import network
from reprosep.experiments.detectors.seconds import Seconds
from reprosep.papers.run import Run
from reprosep.papers.system import DetectorSystem
from reprosep.training.batch_training import BatchTraining


def make_training(data: CorpusData, run: Run, system: DetectorSystem) -> DetectorTraining:
    """A training at its beginning."""
    assert run.seed is not None
    seconds = Seconds(data.params, data.corpus, data.results)
    return DetectorTraining(
        data.params, run, system, LabelledClips(seconds, run.seed, data.device, system.input_seconds)
    )


class DetectorTraining(BatchTraining[DetectorSystem]):
    """All instruments at once."""

    examples: LabelledClips

    def build(self) -> nn.Module:
        return network(self.system, self.params)

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
