"""U-Net over square log-magnitude spectrograms with one mask per source: M-U-Net, and for one source a dedicated U-Net.

Layers, sizes and order are those of the authors' released code. Its order in decoder blocks, dropout before the first
activation and after the second, is kept.

Shape: log magnitudes ``(batch, 1, bin, frame)``, both divisible by 2 to the number of encoder blocks; masks
``(batch, source, bin, frame)``.

References
----------
Kadandale, Montesinos, Haro and Gómez, "Multi-channel U-Net for music source separation", MMSP 2020, Figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

_SLOPE = 0.1  # of the leaky rectifiers


class Encoder(nn.Module):
    """Two convolutions, each normalised, activated and dropped, then half the resolution."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout2d(dropout),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout2d(dropout),
        )
        self.down = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(half the resolution, the skip connection)."""
        skip = self.body(x)
        return self.down(skip), skip


class Transition(nn.Sequential):
    """The bottom: two convolutions without dropout, then twice the resolution at half the width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(_SLOPE),
            nn.ConvTranspose2d(outputs, inputs, 2, stride=2),
        )


class Decoder(nn.Module):
    """The skip connection, two convolutions, and, but in the last block, twice the resolution at half the width."""

    def __init__(self, width: int, dropout: float, last: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.Dropout2d(dropout),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout2d(dropout),
        )
        if not last:
            self.body.append(nn.ConvTranspose2d(width, width // 2, 2, stride=2))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.body(torch.cat([x, skip], dim=1))


class UNet(nn.Module):
    """Unbounded, non-negative masks of `sources` sources.

    Parameters
    ----------
    sources
        Output channels K.
    widths
        Channels of the encoder blocks and of the transition (32, 64, … 2048 in the paper); each twice the one before.
    dropout
        Share of channels dropped in encoder and decoder blocks (0.1 in the released code; the paper names none).
    activity_bins
        Bins of the input, for an activity head per source: one convolution over all frequencies of the last features.
        0 for none, as in the paper.
    initial_mask
        Value of the masks' bias before training; None for PyTorch's random ones.
    """

    def __init__(
        self,
        sources: int,
        widths: Sequence[int],
        dropout: float = 0.1,
        activity_bins: int = 0,
        initial_mask: float | None = None,
    ) -> None:
        super().__init__()
        if any(wide != 2 * narrow for narrow, wide in pairwise(widths)):
            raise ValueError(f"widths: {list(widths)} must double from block to block")
        inputs = [1, *widths[:-2]]
        self.encoders = nn.ModuleList(Encoder(a, b, dropout) for a, b in zip(inputs, widths[:-1], strict=True))
        self.transition = Transition(widths[-2], widths[-1])
        self.decoders = nn.ModuleList(
            Decoder(width, dropout, last=number == 0) for number, width in reversed(list(enumerate(widths[:-1])))
        )
        self.masks = nn.Conv2d(widths[0], sources, 1)
        start_masks(self.masks, initial_mask)
        self.activity = nn.Conv2d(widths[0], sources, (activity_bins, 1)) if activity_bins else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Masks ``(batch, source, bin, frame)`` of log magnitudes ``(batch, 1, bin, frame)``, and activity logits
        ``(batch, source, frame)`` where the network has heads for them.
        """
        skips = []
        for encoder in self.encoders:
            x, skip = encoder(x)
            skips.append(skip)
        x = self.transition(x)
        for decoder, skip in zip(self.decoders, reversed(skips), strict=True):
            x = decoder(x, skip)
        return torch.relu(self.masks(x)), None if self.activity is None else self.activity(x)[:, :, 0]


def start_masks(layer: nn.Conv2d, value: float | None) -> None:
    """Set the bias from which the masks start."""
    if value is not None and layer.bias is not None:
        nn.init.constant_(layer.bias, value)
