"""Training and validation examples as tensors, each a function of (seed, index) or of a song.

Shape: magnitudes ``(batch, channel, bin, frame)``, labels ``(batch, frame)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import frame_count, stft
from reprosep.mixing import Mixer, Recipe
from reprosep.params import Params
from reprosep.preemption import StopRequest
from reprosep.training.devices import Devices

_STATISTICS_ITEMS_FROM = 1 << 31  # statistics use items that no training of a realistic length reaches
_DEVIATION_FLOOR = 1e-4  # of the largest deviation, as in Open-Unmix


@dataclass
class Example:
    """One batch: magnitudes of target and mixture, and the target's activity labels."""

    target: Tensor
    mixture: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> Example:
        return Example(self.target.to(device), self.mixture.to(device), self.labels.to(device))


class Examples:
    """Examples of one (corpus, target, seed)."""

    def __init__(self, params: Params, mixer: Mixer, target: str, seed: int, swap_channels: bool) -> None:
        self.params, self.mixer, self.seed, self.swap_channels = params, mixer, seed, swap_channels
        self.pool = mixer.training_pool(target)

    def batch(self, first: int, count: int) -> Example:
        """Items ``first … first + count - 1``."""
        return self._assemble([self.mixer.training_recipe(self.pool, self.seed, first + i) for i in range(count)])

    def _assemble(self, recipes: list[Recipe]) -> Example:
        stft_params = self.params.stft
        rendered = [self.mixer.render(recipe, self.swap_channels) for recipe in recipes]
        frames = frame_count(recipes[0].length, stft_params.n_fft, stft_params.hop, center=False)
        waves = torch.from_numpy(np.stack([wave for pair in zip(*rendered, strict=True) for wave in pair]))
        magnitudes = stft(waves, stft_params.n_fft, stft_params.hop, center=False).abs()
        labels = torch.from_numpy(np.stack([self.mixer.labels(recipe, frames) for recipe in recipes]))
        return Example(magnitudes[: len(recipes)], magnitudes[len(recipes) :], labels.float())

    def songs(self, recipes: list[Recipe]) -> Iterator[Example]:
        """Whole validation songs, one at a time, centred frames."""
        for recipe in recipes:
            target, mixture = self.mixer.render(recipe)
            waves = torch.from_numpy(np.stack([target, mixture]))
            magnitudes = stft(waves, self.params.stft.n_fft, self.params.stft.hop, center=True).abs()
            labels = torch.from_numpy(self.mixer.labels(recipe))[None].float()
            yield Example(magnitudes[:1], magnitudes[1:], labels)

    def statistics(self, devices: Devices, stop: StopRequest) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation per bin of mono mixture magnitudes, each ``(bin,)``; until a stop."""
        sums = torch.zeros(3, self.params.stft.n_fft // 2 + 1, dtype=torch.double)
        for item in stop.until(devices.share(self.params.training.statistics_items)):
            mixture = self.batch(_STATISTICS_ITEMS_FROM + item, 1).mixture.double().mean(dim=1)[0]
            frames = torch.full_like(sums[0], mixture.shape[1])
            sums += torch.stack([mixture.sum(1), mixture.square().sum(1), frames])
        total, square, frames = devices.total(sums)
        mean = total / frames
        deviation = (square / frames - mean.square()).clamp_min(0).sqrt()
        return mean.float(), deviation.clamp_min(_DEVIATION_FLOOR * deviation.max()).float()
