"""Batches of clips of whole mixtures with the instruments that play in them.

A pass goes through all seconds of the training songs in an order that depends on (seed, pass) alone; with
``detection.offsets: any`` the clip of item i begins up to half a clip earlier or later, drawn from (seed, i). Where the
input is several seconds long (`input_seconds`), an item is a window that begins with a second and fits into the song,
and its labels are what plays anywhere in it; songs shorter than a window have none.

Shape: spectrograms ``(item, band, frame)``, labels ``(item, instrument)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.frames import clip_frames
from reprosep.base.errors import UserError
from reprosep.corpora.draws import Stream, generator
from reprosep.experiments.detectors.seconds import Seconds, first_frames, input_clips, input_frames
from reprosep.training.moving import Moving
from reprosep.training.orders import Passes
from reprosep.training.recordings import Placement


@dataclass
class ClipLabels(Moving):
    """Log-mel spectrograms of clips, and 1 for every instrument that plays."""

    spectrograms: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Spectrograms:
    """Where the spectrograms lie: they are read as they are needed."""

    placement: Placement = "map"


class LabelledClips:
    """The training and validation items of a detector; `input_seconds` is the length of one, None that of a clip."""

    def __init__(
        self, seconds: Seconds, seed: int, device: torch.device | None = None, input_seconds: int | None = None
    ) -> None:
        self.seconds, self.params, self.seed = seconds, seconds.params, seed
        self.clips = input_clips(self.params, input_seconds)
        self.frames = input_frames(self.params, self.clips)
        self.device, self.recordings = device or torch.device("cpu"), Spectrograms()
        self.train, self.valid = self._places("train"), self._places("valid")
        self._passes = Passes(seed, Stream.SECOND_ORDER, len(self.train))
        self._frame_labels = lru_cache(maxsize=None)(seconds.frame_labels)

    def _places(self, split: str) -> list[tuple[str, int]]:
        """Song and first frame of every second of a part that an item can begin with."""
        counts = {song: len(self.seconds.labels[song]) for song in self.seconds.songs(split)}
        held = {song: count - self.clips + 1 for song, count in counts.items() if count >= self.clips}
        if not held and self.clips > 1:
            self._refuse(split, max(counts.values(), default=0))
        return [(song, int(start)) for song, count in held.items() for start in self._starts(song, count)]

    def _starts(self, song: str, count: int) -> np.ndarray:
        """The first frames of that many items; the last one's may be a frame earlier, so that it fits into the song."""
        return np.minimum(first_frames(self.params, count), self._last(song))

    def _refuse(self, split: str, longest: int) -> None:
        length, corpus = self.params.detection.clip_seconds, self.seconds.corpus
        raise UserError(
            f"corpora.{corpus}: input_seconds of a detector: {self.clips * length:g}, but the longest of its songs for "
            f"'{split}' has {longest * length:g} whole seconds; expected one at least as long, or a smaller value"
        )

    def _last(self, song: str) -> int:
        """The last frame of a song that an item can begin with."""
        return self.seconds.spectrogram(song).shape[1] - self.frames

    @property
    def training_chunks(self) -> int:
        """Clips to train on."""
        return len(self.train)

    def prepare(self, first: int, count: int) -> ClipLabels:
        """The processor's part of a training batch."""
        return self._collected([self._place(item) for item in range(first, first + count)])

    def validation(self, first: int, count: int) -> ClipLabels:
        """Validation clips ``first … first + count - 1``, as far as there are so many."""
        return self.finish(self._collected(self.valid[first : first + count]).to(self.device))

    def finish(self, items: ClipLabels) -> ClipLabels:
        """The device's part of a batch: nothing is left to do."""
        return items

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the training songs per band."""
        songs = [self.seconds.spectrogram(song).astype(np.float64) for song in self.seconds.songs("train")]
        count = sum(song.shape[1] for song in songs)
        mean = sum(song.sum(axis=1) for song in songs) / count
        square = sum(((song - mean[:, None]) ** 2).sum(axis=1) for song in songs) / count
        return torch.from_numpy(mean).float(), torch.from_numpy(np.sqrt(square)).float().clamp_min(1e-4)

    def _place(self, item: int) -> tuple[str, int]:
        song, start = self.train[self._passes[item]]
        if self.params.detection.offsets == "seconds":
            return song, start
        draw = generator(self.seed, Stream.SECOND_OFFSET, item)
        wanted = clip_frames(self.params)
        moved = start + int(draw.integers(-(wanted // 2), wanted // 2 + 1))
        return song, min(max(moved, 0), self._last(song))

    def _collected(self, places: list[tuple[str, int]]) -> ClipLabels:
        wanted = self.frames
        spectrograms = [self.seconds.spectrogram(song)[:, start : start + wanted] for song, start in places]
        labels = [self._frame_labels(song)[:, start : start + wanted].any(axis=1) for song, start in places]
        return ClipLabels(torch.from_numpy(np.stack(spectrograms)), torch.from_numpy(np.stack(labels)).float())
