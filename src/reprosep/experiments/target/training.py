"""Training of a network that estimates one target: IASS and Open-Unmix, validated on whole songs.

References
----------
Hung and Lerch 2020, Sections 3 and 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.experiments.data import CorpusData
from reprosep.experiments.target.examples import Example, Examples
from reprosep.experiments.target.network import network
from reprosep.experiments.target.validation import estimates_of, groups_of, song_errors, songs_at_once
from reprosep.mixtures.amounts import songs_of_share
from reprosep.mixtures.mixing import Mixer, Recipe, recipes_of
from reprosep.mixtures.pitches import PitchLabels
from reprosep.papers.run import Run
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params
from reprosep.training.loop import Training
from reprosep.training.losses import activity_loss, pitch_loss, separation_loss


def make_training(
    data: CorpusData, run: Run, system: TargetSystem, valid: list[Recipe] | None = None
) -> TargetTraining:
    """A training at its beginning, validated on other mixtures than its corpus's if `valid` says so."""
    assert run.seed is not None
    mixer = training_mixer(data, run, system)
    recordings = data.placed(mixer, "train") if system.added else data.recordings
    swap = system.channel_swap
    notes = _notes(data, run) if system.has_pitch else None
    examples = Examples(data.params, mixer, run.target, run.seed, swap, data.device, recordings, notes)
    recipes = valid or recipes_of(read_table(data.file(f"mixtures/{run.target}.parquet")), run.target, "valid")
    return TargetTraining(data.params, run, system, examples, recipes)


def _notes(data: CorpusData, run: Run) -> PitchLabels:
    """The notes of a corpus; :class:`UserError` when those of no training stem of the target are known."""
    notes, stems = PitchLabels(data.params, data.mixer, data.file("notes")), data.mixer.stems
    own = stems[(stems["split"] == "train") & (stems["target"] == run.target)]
    if not any(notes.knows(*stem) for stem in own[["song", "row"]].itertuples(index=False)):
        raise UserError(
            f"'{run.id}': of none of the {len(own)} training stems of '{run.target}' the notes are known; put them "
            f"beside the stems, name the folder of annotations in corpora.{run.corpus}.note_folders, or set "
            f"corpora.{run.corpus}.notes to none: the network is then left out"
        )
    return notes


def training_mixer(data: CorpusData, run: Run, system: TargetSystem) -> Mixer:
    """What a training draws its items from: the songs of its corpus and of an added one, or a share of either."""
    mixer = data.mixer.joined(Mixer.of(data.params, system.added, data.results)) if system.added else data.mixer
    if not system.amount:
        return mixer
    own, stems = set(data.mixer.stems["song"]), mixer.stems[mixer.stems["split"] == "train"]
    is_own = stems["song"].isin(own)
    assert run.seed is not None
    parts = [(run.corpus, stems[is_own]), *([(system.added, stems[~is_own])] if system.added else [])]
    kept = [
        songs_of_share(part, run.target, system.amount_of(corpus), run.seed, number)
        for number, (corpus, part) in enumerate(parts)
    ]
    return mixer.keeping([song for songs in kept for song in songs])


class TargetTraining(Training[TargetSystem]):
    """One target, by MSE and by the cross-entropy of what its heads tell: activity, pitches."""

    losses: tuple[str, ...] = ("train_loss", "train_mse", "train_bce")
    judged_by = stalled_by = "valid_mse"
    examples: Examples

    def __init__(
        self, params: Params, run: Run, system: TargetSystem, examples: Examples, recipes: list[Recipe]
    ) -> None:
        self.recipes, self.channels = recipes, params.corpora[run.corpus].channels
        if system.has_pitch:
            self.losses = (*self.losses, "train_pitch")
        songs = examples.pool.stems.loc[examples.pool.stems["target"] == run.target, "song"].nunique()
        super().__init__(params, run, system, examples, params.training.items_per_song * songs)

    def build(self) -> nn.Module:
        return network(self.system, self.params, self.channels)

    def begin(self) -> None:
        """Take mean and deviation of the input."""
        self.model.set_statistics(*self.examples.statistics(self.devices, self.stop))

    def losses_of(self, batch: Example) -> tuple[Tensor, Tensor]:
        with self.autocast():
            estimate, logit, *pitches = self.network(batch.mixture.contiguous(memory_format=torch.channels_last))
        mse = separation_loss(estimate, batch.target)
        bce = activity_loss(logit, batch.labels) if logit is not None else torch.zeros((), device=self.device)
        loss = mse + self.system.activity_weight * bce
        if not pitches:
            return loss, torch.stack([loss, mse, bce])
        assert batch.pitches is not None and batch.known is not None
        pitch = pitch_loss(pitches[0], batch.pitches, batch.known)
        loss = loss + self.system.pitch_weight * pitch
        return loss, torch.stack([loss, mse, bce, pitch])

    @property
    def validated_seconds(self) -> float:
        return sum(recipe.length for recipe in self.recipes) / self.params.audio.sample_rate

    def validate(self) -> dict[str, float]:
        """Mean over songs of the MSE over the whole song; the gate plays no part in it."""
        errors = torch.zeros(len(self.recipes), dtype=torch.double, device=self.device)
        lengths, mine = [recipe.length for recipe in self.recipes], self.devices.share(len(self.recipes))
        groups = groups_of(lengths, mine, songs_at_once(self.model, self.device, self.params))
        for numbers in self.stop.until(groups):
            songs = list(self.stop.until(self.examples.songs([self.recipes[number] for number in numbers])))
            parts = self.stop.until(estimates_of(songs, self.model, self.params))
            for number, error in zip(numbers, song_errors(songs, parts), strict=False):
                errors[number] = error  # one place per song, so that sums have one order
        errors = self.devices.total(errors)
        return {"valid_mse": sum(errors.tolist()) / len(errors)}
