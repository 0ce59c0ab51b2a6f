"""Training of one network for several targets, validated on whole songs.

The loss is that of IASS, on the mean over targets; what chooses the best epoch is the mean over targets of what chooses
that of a network of one target: the mean over songs of the squared error of magnitudes over the whole song.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from reprosep.experiments.data import CorpusData
from reprosep.experiments.joint.examples import JointExamples
from reprosep.experiments.joint.network import network
from reprosep.experiments.joint.songs import HeldSong, held_songs
from reprosep.experiments.target.examples import Example
from reprosep.experiments.target.validation import estimates_of
from reprosep.models.whole_song import Part
from reprosep.papers.run import Run
from reprosep.papers.system import JointSystem
from reprosep.params.scale import Params
from reprosep.training.loop import Training
from reprosep.training.losses import activity_loss, separation_loss


def make_training(
    data: CorpusData, run: Run, system: JointSystem, valid: list[HeldSong] | None = None
) -> JointTraining:
    """A training at its beginning, validated on other songs than its corpus's if `valid` says so."""
    assert run.seed is not None
    examples = JointExamples(data.params, data.mixer, run.targets, run.seed, data.device, data.recordings)
    songs = valid or held_songs(data.results / run.corpus, run.targets, "valid")
    return JointTraining(data.params, run, system, examples, songs)


class JointTraining(Training[JointSystem]):
    """Several targets, by MSE and, with activity heads, by the cross-entropy of their labels."""

    losses = ("train_loss", "train_mse", "train_bce")
    judged_by = stalled_by = "valid_mse"
    examples: JointExamples

    def __init__(
        self, params: Params, run: Run, system: JointSystem, examples: JointExamples, songs: list[HeldSong]
    ) -> None:
        self.songs, self.channels = songs, params.corpora[run.corpus].channels
        stems = examples.pool.stems
        held = stems.loc[stems["target"].isin(run.targets), "song"].nunique()
        super().__init__(params, run, system, examples, params.training.items_per_song * held)

    def build(self) -> nn.Module:
        return network(self.system, self.params, self.channels, len(self.examples.targets))

    def begin(self) -> None:
        """Take mean and deviation of the input."""
        self.model.set_statistics(*self.examples.statistics(self.devices, self.stop))

    def losses_of(self, batch: Example) -> tuple[Tensor, Tensor]:
        with self.autocast():
            estimate, logits = self.network(batch.mixture.contiguous(memory_format=torch.channels_last))
        mse = separation_loss(estimate, batch.target)
        bce = activity_loss(logits, batch.labels) if logits is not None else torch.zeros((), device=self.device)
        loss = mse + self.system.activity_weight * bce
        return loss, torch.stack([loss, mse, bce])

    @property
    def validated_seconds(self) -> float:
        return sum(song.first.length for song in self.songs) / self.params.audio.sample_rate

    def validate(self) -> dict[str, float]:
        """Mean over targets of the mean over their songs of the MSE over the whole song."""
        targets = self.examples.targets
        mine = self.devices.share(len(self.songs))
        examples = self.stop.until(self.examples.held([self.songs[number] for number in mine]))
        errors = torch.zeros(len(self.songs), len(targets), dtype=torch.double, device=self.device)
        for number, example in zip(mine, examples, strict=False):
            held = [targets.index(target) for target in self.songs[number].recipes]
            parts = self.stop.until(estimates_of([example], self.model, self.params))
            for place, error in zip(held, song_errors(example, held, (part for _, part in parts)), strict=True):
                errors[number, place] = error
        sums = self.devices.total(errors).sum(dim=0).tolist()
        counts = [sum(target in song.recipes for song in self.songs) for target in targets]
        known = [total / count for total, count in zip(sums, counts, strict=True) if count]
        return {"valid_mse": sum(known) / len(known)}


def song_errors(song: Example, held: list[int], parts: Iterable[Part]) -> Tensor:
    """Mean squared error of magnitudes of the targets of those numbers over a whole song, ``(target,)``."""
    wanted = song.target[0]
    total = torch.zeros(len(held), dtype=torch.double, device=wanted.device)
    for first, part, *_ in parts:
        difference = torch.stack([part[place] for place in held]) - wanted[..., first : first + part.shape[-1]]
        total += difference.square().sum(dim=(1, 2, 3), dtype=torch.double)
    return total / wanted[0].numel()
