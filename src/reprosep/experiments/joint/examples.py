"""Training and validation examples of several targets at once.

Items are those of the networks of one target in turn: item ``n k + j`` of n targets is item k of the network of target
j with the same seed, the same mixture of the same excerpts. What is asked of it is more: each target is the sum of all
excerpts of its class, silence where there is none.

Shape: magnitudes of targets ``(batch, target, channel, bin, frame)``, of mixtures ``(batch, channel, bin, frame)``,
labels ``(batch, target, frame)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import frame_count, stft
from reprosep.audio.store import FULL_SCALE
from reprosep.experiments.joint.songs import HeldSong
from reprosep.experiments.target.examples import Example, Examples
from reprosep.mixtures.mixing import Excerpt, Mixer, Recipe
from reprosep.params.scale import Params
from reprosep.training.moving import Moving
from reprosep.training.recordings import Excerpts, Recordings

_NONE = -1  # the class of silence, and of what is no target


@dataclass
class JointItems(Moving):
    """What the processor prepares of a batch; items have the same number of places, some silent.

    Attributes
    ----------
    located
        Excerpts as the recordings locate them, ``(item * place, …)``.
    gains
        float32 ``(item, place)``, of stored samples; 0 for silence.
    classes
        The number of the target that an excerpt belongs to, or -1, ``(item, place)``.
    labels
        float32 ``(item, target, frame)``.
    """

    located: Tensor
    gains: Tensor
    classes: Tensor
    labels: Tensor


class JointExamples(Examples):
    """Examples of one (corpus, seed) for several targets, made on `device`."""

    def __init__(
        self,
        params: Params,
        mixer: Mixer,
        targets: Sequence[str],
        seed: int,
        device: torch.device | None = None,
        recordings: Recordings | None = None,
    ) -> None:
        super().__init__(params, mixer, targets[0], seed, False, device, recordings)
        self.targets, self.pools = list(targets), [mixer.training_pool(target) for target in targets]
        names = zip(mixer.stems["song"], mixer.stems["row"], mixer.stems["target"], strict=True)
        self._class = {(song, row): name for song, row, name in names}

    def recipe(self, index: int) -> Recipe:
        """Item `index`, with the roles that it has for the network of its target."""
        return self.mixer.training_recipe(self.pools[index % len(self.pools)], self.seed, index // len(self.pools))

    def prepare(self, first: int, count: int) -> JointItems:  # type: ignore[override]
        """The processor's part of a batch: where to find the excerpts, what they are, and labels."""
        recipes = [self.recipe(first + number) for number in range(count)]
        places = max(len(recipe.excerpts) for recipe in recipes)
        placed: list[Excerpt | None] = []
        for recipe in recipes:
            placed += [*recipe.excerpts, *[None] * (places - len(recipe.excerpts))]
        excerpts = Excerpts([((e.song, e.row), e.start) if e else None for e in placed], recipes[0].length)
        gains = np.array([e.gain / FULL_SCALE if e else 0.0 for e in placed], np.float32)
        classes = np.array([self._number(e) if e else _NONE for e in placed])
        return JointItems(
            self.recordings.locate(excerpts),
            torch.from_numpy(gains.reshape(count, places)),
            torch.from_numpy(classes.reshape(count, places)),
            torch.from_numpy(np.stack([self._labels(recipe) for recipe in recipes])).float(),
        )

    def _number(self, excerpt: Excerpt) -> int:
        name = self._class[excerpt.song, excerpt.row]
        return self.targets.index(name) if name in self.targets else _NONE

    def of_target(self, recipe: Recipe, target: str) -> Recipe:
        """A mixture in which that target stands against all else."""
        excerpts = (
            replace(e, role="target" if self._class[e.song, e.row] == target else "accompaniment")
            for e in recipe.excerpts
        )
        return replace(recipe, excerpts=tuple(excerpts))

    def _labels(self, recipe: Recipe) -> np.ndarray:
        frames = frame_count(recipe.length, self.params.stft.n_fft, self.params.stft.hop, center=False)
        return np.stack([self.mixer.labels(self.of_target(recipe, target), frames) for target in self.targets])

    def finish(self, items: JointItems) -> Example:  # type: ignore[override]
        """The device's part of a batch: cut, mix and transform."""
        waves = self.waves(items)
        magnitudes = stft(waves.flatten(0, 1), self.params.stft.n_fft, self.params.stft.hop, center=False).abs()
        mixture, *targets = magnitudes.unflatten(0, waves.shape[:2])
        return Example(torch.stack(targets, dim=1), mixture, items.labels)

    def waves(self, items: JointItems) -> Tensor:  # type: ignore[override]
        """Mixtures, then every target, float32 ``(1 + target, item, channel, sample)``."""
        length = round(self.params.training.chunk_seconds * self.params.audio.sample_rate)
        sound = self.recordings.collect(items.located, length).unflatten(0, items.gains.shape)
        waves = torch.zeros(1 + len(self.targets), len(sound), *sound.shape[2:], device=sound.device)
        for place in range(sound.shape[1]):  # one after the other: sums have one order everywhere
            part = sound[:, place] * items.gains[:, place, None, None]
            waves[0] += part
            for number in range(len(self.targets)):
                waves[1 + number] += part * (items.classes[:, place] == number)[:, None, None]
        return waves.transpose(2, 3)

    def held(self, songs: Sequence[HeldSong]) -> Iterator[Example]:
        """Whole validation songs, one at a time, with the targets that they hold; centred frames, one item."""
        for song in songs:
            waves = self._held_waves(song).to(self.device, non_blocking=True)
            magnitudes = stft(waves, self.params.stft.n_fft, self.params.stft.hop, center=True).abs()
            labels = [torch.from_numpy(self.mixer.labels(recipe)) for recipe in song.recipes.values()]
            yield Example(magnitudes[None, 1:], magnitudes[:1], torch.stack(labels)[None].float())

    def _held_waves(self, song: HeldSong) -> Tensor:
        """The mixture, then every target that it holds."""

        def mix() -> np.ndarray:
            rendered = [self.mixer.render(recipe) for recipe in song.recipes.values()]
            return np.stack([rendered[0][1], *(target for target, _ in rendered)])

        return self.kept(song.name, mix)
