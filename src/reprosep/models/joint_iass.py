"""IASS for several targets at once: one encoder and decoder, and a mask and an activity of each target.

What the targets share is all but the ends: the last block of the decoder has one output per target and channel and
keeps its width up to there, where that of one target narrows to half; the layer over frequency is one for all masks;
each target has its own scale and mean of the mask, and its own output of the activity head.

Shape: magnitudes ``(batch, channel, bin, frame)``; estimates ``(batch, target, channel, bin, frame)``; activity logits
``(batch, target, frame)``.

References
----------
Hung and Lerch 2020, Section 5: "multi-label instrument detection to separate multiple instruments at the same time".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reprosep.models.iass import IASS, ActivityHead, Decoder


class JointIASS(IASS):
    """Masks of all targets by one U-Net, and their activities by its latent.

    Parameters
    ----------
    targets
        How many.

    The others are those of :class:`IASS`.
    """

    def __init__(
        self,
        targets: int,
        bins: int,
        all_bins: int,
        channels: int = 1,
        blocks: int = 3,
        width: int = 16,
        activity_head: bool = True,
        output_mean: float = 1.0,
    ) -> None:
        super().__init__(bins, all_bins, channels, blocks, width, activity_head, output_mean)
        self.targets = targets
        self.decoders[-1] = Decoder(width, 0, channels * targets, last=True, inner=width)
        if activity_head:
            self.head = ActivityHead(blocks * width, self.sizes[-1], width, targets)
        self.output_scale = nn.Parameter(torch.ones(targets, all_bins))
        self.output_mean = nn.Parameter(torch.full((targets, all_bins), output_mean))

    def forward(self, mixture: Tensor) -> tuple[Tensor, Tensor | None]:
        """(magnitude estimates, activity logits or None) of mixture magnitudes."""
        y, logits, _ = self.decoded(mixture)
        y = y.unflatten(1, (self.targets, -1))
        mask = torch.relu(y * self.output_scale[:, None, :, None] + self.output_mean[:, None, :, None])
        return mask * mixture[:, None], logits
