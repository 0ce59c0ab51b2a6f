"""C-U-Net: one U-Net whose encoder is told by a condition which source to separate (feature-wise linear modulation).

The generators and the places of the modulation are those of the M-U-Net authors' released port, which differs from the
C-U-Net paper: two multilayer perceptrons with rectifiers everywhere, so that both factors are non-negative, and the
modulation ``γ + β x`` with the names the other way round.

Shape: log magnitudes ``(batch, 1, bin, frame)``; conditions ``(batch, K)``; masks ``(batch, 1, bin, frame)``.

References
----------
Meseguer-Brocal and Peeters, "Conditioned-U-Net", ISMIR 2019; Kadandale et al. 2020, Section III.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from reprosep.models.unet import Decoder, start_masks

_SLOPE = 0.1
_HIDDEN = (32, 512, 4096)  # of a generator, in the paper's size


class Generator(nn.Sequential):
    """A condition to one number per channel of all modulated layers, none of them negative."""

    def __init__(self, conditions: int, hidden: Sequence[int], outputs: int, dropout: float) -> None:
        first, second, third = hidden
        super().__init__(
            nn.Linear(conditions, first),
            nn.ReLU(),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.BatchNorm1d(second),
            nn.Linear(second, third),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.BatchNorm1d(third),
            nn.Linear(third, outputs),
            nn.ReLU(),
        )


class Modulated(nn.Module):
    """Two convolutions; the second's normalised output is modulated before its rectifier."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.LeakyReLU(_SLOPE)
        )
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs))
        self.activation = nn.LeakyReLU(_SLOPE)

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """`gamma` and `beta` are ``(batch, channel)``."""
        x = self.second(self.first(x))
        return self.activation(gamma[..., None, None] + beta[..., None, None] * x)


class CUNet(nn.Module):
    """A mask of the source that the condition names.

    Parameters
    ----------
    conditions
        Length K of a condition, the number of sources.
    widths
        Channels of the encoder blocks and of the transition, as in :class:`reprosep.models.unet.UNet`.
    hidden
        Widths of the generators.
    dropout
        Of generators and decoder; the encoder has none.
    initial_mask
        As in :class:`reprosep.models.unet.UNet`.
    """

    def __init__(
        self,
        conditions: int,
        widths: Sequence[int],
        hidden: Sequence[int] = _HIDDEN,
        dropout: float = 0.1,
        initial_mask: float | None = None,
    ) -> None:
        super().__init__()
        self.widths = list(widths)
        self.gamma = Generator(conditions, hidden, sum(widths), dropout)
        self.beta = Generator(conditions, hidden, sum(widths), dropout)
        inputs = [1, *widths[:-1]]
        self.encoders = nn.ModuleList(Modulated(a, b) for a, b in zip(inputs, widths, strict=True))
        self.down = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(widths[-1], widths[-2], 2, stride=2)
        self.decoders = nn.ModuleList(
            Decoder(width, dropout, last=number == 0) for number, width in reversed(list(enumerate(widths[:-1])))
        )
        self.mask = nn.Conv2d(widths[0], 1, 1)
        start_masks(self.mask, initial_mask)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, None]:
        """The mask for a condition per item; no activity logits."""
        gammas, betas = (one(condition).split(self.widths, dim=1) for one in (self.gamma, self.beta))
        skips: list[Tensor] = []
        for number, (encoder, gamma, beta) in enumerate(zip(self.encoders, gammas, betas, strict=True)):
            x = encoder(x if number == 0 else self.down(x), gamma, beta)
            skips.append(x)
        x = self.up(skips.pop())
        for decoder, skip in zip(self.decoders, reversed(skips), strict=True):
            x = decoder(x, skip)
        return torch.relu(self.mask(x)), None


def conditions(sources: int, way: Literal["code", "paper"]) -> Tensor:
    """The conditions that a network is trained with, ``(condition, K)``: one source each.

    As in the released code (`way` "code") followed by all sources together and by none; the paper counts K of them.
    """
    single = torch.eye(sources)
    return single if way == "paper" else torch.cat([single, torch.ones(1, sources), torch.zeros(1, sources)])
