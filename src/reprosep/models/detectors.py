"""Instrument activity detectors: fully connected, convolutional, and convolutional-recurrent.

Each maps the log-mel spectrogram of a clip to a logit per instrument. The input is normalised per band by the training
set's mean and deviation, which are stored with the weights.

Shape: spectrograms ``(batch, band, frame)``, logits ``(batch, instrument)``.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018) names the three kinds and nothing else of them: widths, depths
and dropout are parameters, chosen here on validation data.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class _Detector(nn.Module):
    """What all three share: the normalised input."""

    input_mean: Tensor
    input_scale: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("input_mean", torch.zeros(bands))
        self.register_buffer("input_scale", torch.ones(bands))

    def set_statistics(self, mean: Tensor, deviation: Tensor) -> None:
        """Mean and standard deviation of the training set per band."""
        self.input_mean.copy_(mean)
        self.input_scale.copy_(deviation)

    def normalised(self, spectrogram: Tensor) -> Tensor:
        """The input in units of the training set's deviation."""
        return (spectrogram - self.input_mean[:, None]) / self.input_scale[:, None]


class FullyConnected(_Detector):
    """Hidden layers with ReLU and dropout over the whole clip."""

    def __init__(self, bands: int, frames: int, instruments: int, hidden: Sequence[int], dropout: float) -> None:
        super().__init__(bands)
        layers: list[nn.Module] = []
        for narrow, wide in pairwise([bands * frames, *hidden]):
            layers += [nn.Linear(narrow, wide), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden[-1], instruments))

    def forward(self, spectrogram: Tensor) -> Tensor:
        logits: Tensor = self.layers(self.normalised(spectrogram).flatten(1))
        return logits


def _block(narrow: int, wide: int, pool: tuple[int, int]) -> nn.Sequential:
    convolution = nn.Conv2d(narrow, wide, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(wide), nn.ReLU(), nn.MaxPool2d(pool, ceil_mode=True))


class Convolutional(_Detector):
    """Blocks of convolution and pooling by two in both directions; maximum over what is left of the clip."""

    def __init__(self, bands: int, instruments: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__(bands)
        self.blocks = nn.Sequential(*(_block(*pair, (2, 2)) for pair in pairwise([1, *widths])))
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(widths[-1], instruments)

    def forward(self, spectrogram: Tensor) -> Tensor:
        features = self.blocks(self.normalised(spectrogram)[:, None]).amax(dim=(2, 3))
        logits: Tensor = self.dense(self.dropout(features))
        return logits


class ConvolutionalRecurrent(_Detector):
    """Blocks that pool frequencies by two and time by two once, then a GRU in both directions, and its maximum."""

    def __init__(self, bands: int, instruments: int, widths: Sequence[int], hidden: int, dropout: float) -> None:
        super().__init__(bands)
        pools = [(2, 2)] + [(2, 1)] * (len(widths) - 1)
        pairs = zip(pairwise([1, *widths]), pools, strict=True)
        self.blocks = nn.Sequential(*(_block(*pair, pool) for pair, pool in pairs))
        left = -(-bands // 2 ** len(widths))
        self.recurrent = nn.GRU(widths[-1] * left, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(2 * hidden, instruments)

    def forward(self, spectrogram: Tensor) -> Tensor:
        features = self.blocks(self.normalised(spectrogram)[:, None]).flatten(1, 2)  # (batch, channel · band, frame)
        states, _ = self.recurrent(features.transpose(1, 2))
        logits: Tensor = self.dense(self.dropout(states.amax(dim=1)))
        return logits
