"""Training and validation examples as tensors, each a function of (seed, index) or of a song.

The processor draws the recipes of a batch (a few numbers per item, from counter-based random numbers); cutting, mixing
and the STFT are done for the whole batch on the device that trains. An item is the same wherever the recordings lie and
however many devices share the batch.

Shape: magnitudes ``(batch, channel, bin, frame)``, labels ``(batch, frame)``; pitch labels ``(batch, pitch, frame)``,
and where they are known ``(batch, frame)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import frame_count, stft
from reprosep.audio.store import FULL_SCALE
from reprosep.base.preemption import StopRequest
from reprosep.corpora.draws import Stream
from reprosep.mixtures.mixing import Excerpt, Mixer, Recipe, Role
from reprosep.mixtures.pitches import PitchLabels
from reprosep.params.scale import Params
from reprosep.training.devices import Devices
from reprosep.training.moving import Moving
from reprosep.training.recordings import Excerpts, MappedRecordings, Recordings

_DEVIATION_FLOOR = 1e-4  # of the largest deviation, as in Open-Unmix


@dataclass
class Example:
    """One batch: magnitudes of target and mixture, the target's activity labels, its pitches where these are asked."""

    target: Tensor
    mixture: Tensor
    labels: Tensor
    pitches: Tensor | None = None
    known: Tensor | None = None


@dataclass
class Items(Moving):
    """What the processor prepares of a batch for another device; items have the same number of places, some silent.

    Attributes
    ----------
    located
        Excerpts as the recordings locate them, ``(item * place, …)``; an item's first places are the target's.
    gains
        float32 ``(item, place)``, of stored samples; 0 for silence.
    swaps
        Whether left and right change places, ``(item, place)``.
    labels
        float32 ``(item, frame)``.
    targets
        Places of the target; the others are the accompaniment's.
    pitches, known
        float32 ``(item, pitch, frame)`` and ``(item, frame)``, None where no pitches are asked.
    """

    located: Tensor
    gains: Tensor
    swaps: Tensor
    labels: Tensor
    targets: int
    pitches: Tensor | None = None
    known: Tensor | None = None


@dataclass
class Mixed:
    """A batch that the processor has mixed: targets and mixtures ``(2, item, channel, sample)``, and labels."""

    waves: Tensor
    labels: Tensor
    pitches: Tensor | None = None
    known: Tensor | None = None

    def to(self, _device: torch.device) -> Mixed:
        """It stays where it is."""
        return self


class Examples:
    """Examples of one (corpus, target, seed), made on `device`.

    `recordings` may be shared by the trainings of a process; left out, they are read from the store's files. Batches
    have pitch labels where `notes` are given.
    """

    def __init__(
        self,
        params: Params,
        mixer: Mixer,
        target: str,
        seed: int,
        swap_channels: bool,
        device: torch.device | None = None,
        recordings: Recordings | None = None,
        notes: PitchLabels | None = None,
    ) -> None:
        self.params, self.mixer, self.seed, self.notes = params, mixer, seed, notes
        self.device = device or torch.device("cpu")
        self.swap_channels = swap_channels and mixer.corpus.channels > 1
        self.recordings = recordings or MappedRecordings(mixer.store, mixer.corpus.channels)
        self.pool = mixer.training_pool(target)
        self.keep_songs = self.device.type == "cuda"
        self._songs: dict[str, Tensor] = {}

    def batch(self, first: int, count: int) -> Example:
        """Items ``first … first + count - 1``."""
        return self.finish(self.prepare(first, count).to(self.device))

    def prepare(self, first: int, count: int) -> Items | Mixed:
        """The processor's part of a batch: all of the mixing where it is the device, or where to find the excerpts."""
        recipes = [self.mixer.training_recipe(self.pool, self.seed, first + i) for i in range(count)]
        frames = frame_count(recipes[0].length, self.params.stft.n_fft, self.params.stft.hop, center=False)
        labels = torch.from_numpy(np.stack([self.mixer.labels(recipe, frames) for recipe in recipes])).float()
        if self.device.type == "cpu" and self.recordings.placement != "device":
            waves = np.empty((2, count, self.mixer.corpus.channels, recipes[0].length), np.float32)
            for item, recipe in enumerate(recipes):
                self.mixer.render_into(waves[:, item], recipe, self.swap_channels, self.recordings.read)
            return Mixed(torch.from_numpy(waves), labels, *self._pitches(recipes, frames))
        return self._located(recipes, labels, frames)

    def _pitches(self, recipes: list[Recipe], frames: int) -> tuple[Tensor, Tensor] | tuple[()]:
        """Pitch labels of chunks and where they are known; nothing where no pitches are asked."""
        if self.notes is None:
            return ()
        labels, known = zip(*(self.notes.of(recipe, frames) for recipe in recipes), strict=True)
        return torch.from_numpy(np.stack(labels)).float(), torch.from_numpy(np.stack(known)).float()

    def _located(self, recipes: list[Recipe], labels: Tensor, frames: int) -> Items:
        targets, others = places(recipes, "target"), places(recipes, "accompaniment")
        placed = [excerpt for pair in zip(targets, others, strict=True) for part in pair for excerpt in part]
        shape = (len(recipes), len(placed) // len(recipes))
        gains = np.array([e.gain / FULL_SCALE if e else 0.0 for e in placed], np.float32)
        swaps = np.array([bool(e and e.swap) for e in placed])
        excerpts = Excerpts([((e.song, e.row), e.start) if e else None for e in placed], recipes[0].length)
        return Items(
            self.recordings.locate(excerpts),
            torch.from_numpy(gains.reshape(shape)),
            torch.from_numpy(swaps.reshape(shape)),
            labels,
            len(targets[0]),
            *self._pitches(recipes, frames),
        )

    def finish(self, items: Items | Mixed) -> Example:
        """The device's part of a batch: cut and mix what is not mixed, and transform."""
        waves = self.waves(items) if isinstance(items, Items) else items.waves
        magnitudes = stft(waves.flatten(0, 1), self.params.stft.n_fft, self.params.stft.hop, center=False).abs()
        target, mixture = magnitudes.unflatten(0, waves.shape[:2])
        return Example(target, mixture, items.labels, items.pitches, items.known)

    def waves(self, items: Items) -> Tensor:
        """Targets and mixtures, float32 ``(2, item, channel, sample)``, the same as :meth:`Mixer.render` gives."""
        length = round(self.params.training.chunk_seconds * self.params.audio.sample_rate)
        sound = self.recordings.collect(items.located, length).unflatten(0, items.gains.shape)
        waves = torch.zeros(2, len(sound), *sound.shape[2:], device=sound.device)
        for place in range(sound.shape[1]):  # one after the other: sums have one order everywhere
            part = sound[:, place]
            if self.swap_channels:
                part = torch.where(items.swaps[:, place, None, None], part.flip(-1), part)
            waves[int(place >= items.targets)] += part * items.gains[:, place, None, None]
        waves[1] += waves[0]
        return waves.transpose(2, 3)

    def songs(self, recipes: list[Recipe]) -> Iterator[Example]:
        """Whole validation songs, one at a time, centred frames."""
        for recipe in recipes:
            waves = self._song(recipe).to(self.device, non_blocking=True)
            magnitudes = stft(waves, self.params.stft.n_fft, self.params.stft.hop, center=True).abs()
            labels = torch.from_numpy(self.mixer.labels(recipe))[None].float()
            yield Example(magnitudes[:1], magnitudes[1:], labels)

    def _song(self, recipe: Recipe) -> Tensor:
        """Target and mixture."""
        return self.kept(recipe.name, lambda: np.stack(self.mixer.render(recipe)))

    def kept(self, song: str, mix: Callable[[], np.ndarray]) -> Tensor:
        """A validation song; mixed once and kept for a GPU, which would wait for it in every epoch."""
        kept = self._songs.get(song)
        if kept is None:
            kept = torch.from_numpy(mix())
            if self.keep_songs and self._bytes_kept() + kept.nbytes <= self.params.machine.validation_gigabytes * 1e9:
                self._songs[song] = kept = kept.pin_memory() if self.device.type == "cuda" else kept
        return kept

    def _bytes_kept(self) -> int:
        return sum(song.nbytes for song in self._songs.values())

    def statistics(self, devices: Devices, stop: StopRequest) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation per bin of mono mixture magnitudes, each ``(bin,)``; until a stop."""
        sums = torch.zeros(3, self.params.stft.n_fft // 2 + 1, dtype=torch.double, device=self.device)
        for item in stop.until(devices.share(self.params.training.statistics_items)):
            mixture = self.batch(Stream.STATISTICS + item, 1).mixture.double().mean(dim=1)[0]
            frames = torch.full_like(sums[0], mixture.shape[1])
            sums += torch.stack([mixture.sum(1), mixture.square().sum(1), frames])
        total, square, frames = devices.total(sums)
        mean = total / frames
        deviation = (square / frames - mean.square()).clamp_min(0).sqrt()
        return mean.float(), deviation.clamp_min(_DEVIATION_FLOOR * deviation.max()).float()


def places(recipes: list[Recipe], role: Role) -> list[list[Excerpt | None]]:
    """The excerpts of a role in each recipe, as many for all: None is silence."""
    by_recipe: list[list[Excerpt | None]] = [[e for e in recipe.excerpts if e.role == role] for recipe in recipes]
    most = max(len(excerpts) for excerpts in by_recipe)
    return [excerpts + [None] * (most - len(excerpts)) for excerpts in by_recipe]
