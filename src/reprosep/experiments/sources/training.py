"""Training of a network that masks the sources of a mixture: M-U-Net, dedicated U-Nets and C-U-Net.

.. math:: L = \\sum_i w_i L_i + α \\sum_i L^{BCE}_i

with the losses of :mod:`.source_losses` and the weights of :mod:`.source_weights`; the second part only with activity
heads (the gate of IASS on M-U-Net, which no paper has). Early stopping waits for the weighted loss of the validation
chunks, and the best epoch is that of their unweighted loss, as in the released code.

References
----------
Kadandale et al. 2020, Eqs. (1) to (10); their released code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reprosep.audio.store import read_table
from reprosep.experiments.data import CorpusData
from reprosep.experiments.sources.chunks import choose_chunks
from reprosep.experiments.sources.examples import SourceBatch, SourceExamples
from reprosep.experiments.sources.losses import ideal_masks, source_losses
from reprosep.experiments.sources.network import network
from reprosep.experiments.sources.weights import (
    batch_energy_weights,
    dynamic_weights,
    energy_weights,
    inverse_energy_weights,
)
from reprosep.mixtures.source_songs import SourceSongs
from reprosep.papers.run import Run
from reprosep.papers.system import SourcesSystem
from reprosep.params.scale import Params
from reprosep.training.loop import Training
from reprosep.training.losses import activity_loss


def make_training(data: CorpusData, run: Run, system: SourcesSystem) -> SourcesTraining:
    """A training at its beginning."""
    assert run.seed is not None
    chosen = choose_chunks(
        data.params, read_table(data.file("energies.parquet")), system.sources, system.silence_filter
    )
    songs, recordings = SourceSongs(data.mixer), data.chunked_recordings
    examples = SourceExamples(songs, chosen, system.sources, run.targets, system, run.seed, data.device, recordings)
    return SourcesTraining(data.params, run, system, examples)


class SourcesTraining(Training[SourcesSystem]):
    """One network for all sources of a setting, or for one of them."""

    judged_by, stalled_by = "valid_loss", "valid_weighted"
    examples: SourceExamples

    def __init__(self, params: Params, run: Run, system: SourcesSystem, examples: SourceExamples) -> None:
        self.sources = ["source"] if examples.conditions is not None else examples.estimated
        self.losses = ("train_loss", "train_bce", *(f"train_{name}" for name in self.sources))
        super().__init__(params, run, system, examples, examples.items)
        chosen = [examples.setting.index(name) for name in examples.estimated]
        self.energies = examples.chosen.energies[chosen]
        self._of_epoch = -1, torch.empty(0)  # the number of an epoch, and its weights

    def build(self) -> nn.Module:
        return network(self.system, self.params, 1, len(self.examples.estimated))

    def begin(self) -> None:
        """Nothing: the input is a logarithm, and is not normalised."""

    def losses_of(self, batch: SourceBatch) -> tuple[Tensor, Tensor]:
        each, bce = self._losses(self.network, batch)
        power = self.devices.total(batch.power) if self.weighs_batches else batch.power
        loss = (self.weights(power) * each).sum() + self.system.activity_weight * bce
        return loss, torch.cat([torch.stack([loss, bce]), each])

    def _losses(self, network: nn.Module, batch: SourceBatch) -> tuple[Tensor, Tensor]:
        """The loss of every source, and that of the activity heads."""
        inputs = batch.mixture.log().contiguous(memory_format=torch.channels_last)
        with self.autocast():
            masks, logits = network(inputs) if batch.condition is None else network(inputs, batch.condition)
        masks, ideal = masks.float(), ideal_masks(batch.sources, batch.mixture)
        bce = torch.zeros((), device=self.device) if logits is None else activity_loss(logits, batch.labels)
        return source_losses(masks, ideal, batch.mixture, self.system.loss), bce

    @property
    def weighs_batches(self) -> bool:
        """Whether every batch has weights of its own."""
        return self.system.weights == "ebw-instp1" and len(self.sources) > 1

    def weights(self, power: Tensor) -> Tensor:
        """The weight of every source's loss in a batch with that `power`, ``(source,)``."""
        if len(self.sources) == 1:
            return torch.ones(1, device=self.device)
        if self.weighs_batches:
            fixed = self.params.weighting.batch_reference == "fixed"
            return batch_energy_weights(power, int(self.energies.argmax()) if fixed else None)
        if self._of_epoch[0] != len(self.epochs):  # each made by the device: a copy would make the step wait
            each = [torch.full((), weight, device=self.device) for weight in self._constant_weights()]
            self._of_epoch = len(self.epochs), torch.stack(each)
        return self._of_epoch[1]

    def _constant_weights(self) -> list[float]:
        """The weights of this epoch."""
        kind = self.system.weights
        if kind == "dwa":
            past = [[epoch[f"train_{name}"] for name in self.sources] for epoch in self.epochs]
            weights = dynamic_weights(past, self.params.weighting.temperature, len(self.sources))
        elif kind == "oh":
            weights = inverse_energy_weights(self.energies)
        elif kind in ("ebw-p1", "ebw-p2"):
            weights = energy_weights(self.energies, 2 if kind == "ebw-p2" else 1)
        else:
            return [1.0] * len(self.sources)
        return [float(weight) for weight in weights]

    @property
    def validated_seconds(self) -> float:
        return len(self.examples.chosen.valid) * self.examples.songs.chunk_samples / self.params.audio.sample_rate

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Mean over validation chunks of the sources' losses, summed without weights and with them."""
        self.model.eval()
        sums = torch.zeros(2, dtype=torch.double, device=self.device)
        starts = range(0, self.examples.validation_items, self.batch_size)
        for number in self.stop.until(self.devices.share(len(starts))):
            batch = self.examples.validation(starts[number], self.batch_size)
            each, _ = self._losses(self.model, batch)
            losses = torch.stack([each.sum(), (self.weights(batch.power) * each).sum()])
            sums += len(batch.mixture) * losses.double()
        plain, weighted = (self.devices.total(sums) / self.examples.validation_items).tolist()
        return {"valid_loss": plain, "valid_weighted": weighted}
