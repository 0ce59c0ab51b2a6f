"""Batches of segments of clips: magnitudes of the mixture, and what a masked mixture should be.

A pass goes through all clips of all sets in an order that depends on (seed, pass) alone; item i of a training is item
``i mod N`` of pass ``i div N``, and the segment of its clip is drawn from (seed, i).

Shape: ``(item, bin, frame)``; validation items are whole clips, training items ``clips.frames`` frames.

References
----------
Manilow et al., Slakh (WASPAA 2019), Sections 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import root_hann, stft
from reprosep.corpora.draws import Stream, generator
from reprosep.mixtures.mixing import Mixer, Recipe
from reprosep.params.scale import Params
from reprosep.training.moving import Moving
from reprosep.training.orders import Passes
from reprosep.training.recordings import MappedRecordings

_TINY = 1e-12


@dataclass(frozen=True)
class Clip:
    """A clip and the corpus that it is of."""

    mixer: Mixer
    recipe: Recipe


@dataclass
class ClipBatch:
    """Magnitudes of mixtures, and the truncated phase-sensitive magnitudes of their targets."""

    mixture: Tensor
    wanted: Tensor


@dataclass
class ClipWaves(Moving):
    """What the processor has mixed: targets and mixtures ``(2, item, sample)``."""

    waves: Tensor


class ClipExamples:
    """Training and validation items of one run."""

    def __init__(
        self,
        params: Params,
        train: Sequence[Clip],
        valid: Sequence[Clip],
        seed: int,
        device: torch.device | None = None,
    ) -> None:
        self.params, self.train, self.valid, self.seed = params, list(train), list(valid), seed
        self.device = device or torch.device("cpu")
        self.recordings = MappedRecordings(self.train[0].mixer.store, 1)
        rooted = params.models.blstm.window == "sqrt-hann"
        hann = torch.hann_window(params.stft.n_fft, device=self.device)
        self.window = root_hann(params.stft.n_fft, self.device) if rooted else hann
        self._passes = Passes(seed, Stream.CLIP_ORDER, len(self.train))

    @property
    def training_chunks(self) -> int:
        """Clips to train on."""
        return len(self.train)

    @property
    def segment(self) -> int:
        """Samples of a training segment."""
        return (self.params.clips.frames - 1) * self.params.stft.hop + self.params.stft.n_fft

    def prepare(self, first: int, count: int) -> ClipWaves:
        """The processor's part of a training batch."""
        return self._mixed([self._segment(item) for item in range(first, first + count)])

    def validation(self, first: int, count: int) -> ClipBatch:
        """Validation clips ``first … first + count - 1``, as far as there are so many."""
        return self.finish(self._mixed(self.valid[first : first + count]).to(self.device))

    def finish(self, items: ClipWaves) -> ClipBatch:
        """The device's part of a batch: transform."""
        n_fft, hop = self.params.stft.n_fft, self.params.stft.hop
        target, mixture = stft(items.waves, n_fft, hop, center=False, window=self.window)
        magnitude = mixture.abs()
        return ClipBatch(magnitude, phase_sensitive(target, mixture, magnitude))

    def _segment(self, item: int) -> Clip:
        """A training item: part of a clip, at a hop that is drawn for this item."""
        clip = self.train[self._passes[item]]
        draw = generator(self.seed, Stream.CLIP_SEGMENT, item)
        hop = self.params.stft.hop
        start = int(draw.integers(max(clip.recipe.length - self.segment, 0) // hop + 1)) * hop
        moved = tuple(replace(excerpt, start=excerpt.start + start) for excerpt in clip.recipe.excerpts)
        return Clip(clip.mixer, Recipe(clip.recipe.name, self.segment, moved))

    def _mixed(self, clips: Sequence[Clip]) -> ClipWaves:
        waves = np.empty((2, len(clips), 1, clips[0].recipe.length), np.float32)
        for item, clip in enumerate(clips):
            clip.mixer.render_into(waves[:, item], clip.recipe, False, clip.mixer.store.read)
        return ClipWaves(torch.from_numpy(waves[:, :, 0]))


def phase_sensitive(target: Tensor, mixture: Tensor, magnitude: Tensor) -> Tensor:
    """``T(|S| cos(∠S - ∠X))``, truncated to 0 … |X| (Eq. 1), of complex spectrograms."""
    aligned = (target * mixture.conj()).real / magnitude.clamp_min(_TINY)
    return torch.minimum(aligned.clamp_min(0), magnitude)
