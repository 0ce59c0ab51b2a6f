"""Batches of chunks as warped spectrograms of their sources and mixtures.

An epoch passes all chunks in an order that depends on (seed, pass) alone; item i of a training is item ``i mod N`` of
pass ``i div N``. For a conditioned network an item is a chunk with one of the conditions, so that a pass has as many
items per chunk as there are conditions, and the source is the sum of the magnitudes that the condition names.

Shape: magnitudes ``(item, source, bin, frame)``, of mixtures ``(item, 1, bin, frame)``, bins warped to logarithmic
frequencies.

References
----------
Kadandale et al. 2020, Section IV, and their released code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import stft
from reprosep.audio.store import FULL_SCALE
from reprosep.audio.warp import warp
from reprosep.corpora.draws import Stream
from reprosep.experiments.sources.chunks import ChosenChunks, Chunk
from reprosep.mixtures.source_songs import SourceSongs
from reprosep.models.cunet import conditions
from reprosep.papers.system import SourcesSystem
from reprosep.params.networks import CUNetSize, UNetSize
from reprosep.training.moving import Moving
from reprosep.training.orders import Passes
from reprosep.training.recordings import Excerpts, MappedRecordings, Recordings

EPSILON = float(np.finfo(np.float32).eps)  # added to magnitudes, of which logarithms and ratios are taken


@dataclass
class SourceBatch:
    """One batch. `power` is the sum of squared linear magnitudes per source; `condition` is ``(item, source)``."""

    sources: Tensor
    mixture: Tensor
    power: Tensor
    labels: Tensor
    condition: Tensor | None


@dataclass
class ChunkItems(Moving):
    """What the processor prepares: the stems of each source as the recordings locate them, labels, conditions."""

    located: Tensor
    places: list[int]  # stems of each source, silence among them
    labels: Tensor
    condition: Tensor | None


class SourceExamples:
    """The training and validation items of one run.

    Parameters
    ----------
    setting
        The sources of the mixture.
    estimated
        Those that the network estimates: all, or one.
    """

    def __init__(
        self,
        songs: SourceSongs,
        chosen: ChosenChunks,
        setting: Sequence[str],
        estimated: Sequence[str],
        system: SourcesSystem,
        seed: int,
        device: torch.device | None = None,
        recordings: Recordings | None = None,
    ) -> None:
        self.songs, self.params, self.chosen, self.seed = songs, songs.params, chosen, seed
        self.setting, self.estimated = list(setting), list(estimated)
        self.device = device or torch.device("cpu")
        self.recordings = recordings or MappedRecordings(songs.mixer.store, 1)
        self.size: UNetSize | CUNetSize = songs.params.models.of_sources(str(system.model))
        way = self.size.conditions if isinstance(self.size, CUNetSize) else None
        self.conditions = conditions(len(self.estimated), way) if way else None
        # On the device once: an index from the host would make every batch wait for its copy.
        self._places = torch.tensor([self.setting.index(name) for name in self.estimated], device=self.device)
        self._passes = Passes(seed, Stream.CHUNK_ORDER, self.items)

    @property
    def training_chunks(self) -> int:
        """Chunks to train on."""
        return len(self.chosen.train)

    @property
    def items(self) -> int:
        """Items of one pass over the training chunks."""
        return self.training_chunks * self.per_chunk

    @property
    def per_chunk(self) -> int:
        """Items that a chunk makes."""
        return 1 if self.conditions is None else len(self.conditions)

    def prepare(self, first: int, count: int) -> ChunkItems:
        """The processor's part of a training batch."""
        numbers = [self._passes[item] for item in range(first, first + count)]
        return self._located([(self.chosen.train[n // self.per_chunk], n % self.per_chunk) for n in numbers])

    def validation(self, first: int, count: int) -> SourceBatch:
        """Validation items ``first … first + count - 1``; a pass has :attr:`validation_items`."""
        numbers = range(first, min(first + count, self.validation_items))
        chosen = [(self.chosen.valid[n // self.per_chunk], n % self.per_chunk) for n in numbers]
        return self.finish(self._located(chosen).to(self.device))

    @property
    def validation_items(self) -> int:
        """Items of the validation."""
        return len(self.chosen.valid) * self.per_chunk

    def _located(self, chosen: Sequence[tuple[Chunk, int]]) -> ChunkItems:
        stems = [[self.songs.stems_of(song, s, tuple(self.setting)) for s in self.setting] for (song, _), _ in chosen]
        places = [max(1, *(len(item[number]) for item in stems)) for number in range(len(self.setting))]
        wanted: list[tuple[tuple[str, int], int] | None] = []
        for item, ((_, start), _) in zip(stems, chosen, strict=True):
            for source, most in zip(item, places, strict=True):
                wanted += [(stem, start) for stem in source] + [None] * (most - len(source))
        located = self.recordings.locate(Excerpts(wanted, self.songs.chunk_samples))
        condition = None if self.conditions is None else self.conditions[[number for _, number in chosen]]
        return ChunkItems(located, places, self._labels([chunk for chunk, _ in chosen]), condition)

    def _labels(self, chunks: Sequence[Chunk]) -> Tensor:
        hop = self.params.stft.hop
        frames = self.songs.chunk_samples // hop + 1
        labels = [self.songs.labels(song, self.setting, start // hop, frames) for song, start in chunks]
        return torch.from_numpy(np.stack(labels)).float()

    def finish(self, items: ChunkItems) -> SourceBatch:
        """The device's part of a batch: sum stems to sources and sources to mixtures, transform and warp."""
        count = len(items.labels)
        sound = self.recordings.collect(items.located, self.songs.chunk_samples)[..., 0].unflatten(0, (count, -1))
        parts = (sound / FULL_SCALE).split(items.places, dim=1)
        sources = torch.stack([part.sum(dim=1) for part in parts], dim=1)
        waves = torch.cat([sources, sources.sum(dim=1, keepdim=True)], dim=1)
        magnitudes = stft(waves, self.params.stft.n_fft, self.params.stft.hop, center=True).abs() + EPSILON
        power = magnitudes.index_select(1, self._places).square().sum(dim=(0, 2, 3))
        warped = warp(magnitudes, self.size.bins, self.size.align_corners)
        wanted, mixture = warped.index_select(1, self._places), warped[:, -1:]
        if items.condition is not None:
            wanted = torch.einsum("ik,ikbf->ibf", items.condition, wanted)[:, None]
        return SourceBatch(wanted, mixture, power, items.labels.index_select(1, self._places), items.condition)
