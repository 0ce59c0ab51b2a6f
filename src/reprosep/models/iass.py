"""IASS: a residual U-Net over magnitude spectrograms with an instrument-activity head on its latent.

Layers, sizes and order are those of the authors' released code (their latest state), which differs from the paper's
text: the encoder alone is residual, decoder blocks activate before they normalise, and the activity head is four
strided convolutions without activations between them. A pitch head beside it is ours, a wish of the paper's outlook.

Shape: magnitudes ``(batch, channel, bin, frame)``; the activity logit ``(batch, frame)``, pitch logits ``(batch, pitch,
frame)``.

References
----------
Hung and Lerch, "Multitask learning for instrument activation aware music source separation", ISMIR 2020, Figure 1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from reprosep.models.aligned import dense

_SOUNDING = 0.02  # share of pitches that sound in a frame, before training
_STRIDE = 3  # of frequency, per block; time is never downsampled


def lying_as(y: Tensor, x: Tensor) -> Tensor:
    """`x` as a 1x1 convolution takes it for channels last, where `y` is; both ``(batch, channel, bin, frame)``.

    A single channel lies first and last at once, and so does a 1x1 kernel of it: taken for channels first, the result
    would be another layout than the one that it is added to. Nothing is copied.
    """
    is_last = y.is_contiguous(memory_format=torch.channels_last) and not y.is_contiguous()
    return x.squeeze(1).unsqueeze(-1).movedim(-1, 1) if is_last and x.shape[1] == 1 else x


class Encoder(nn.Module):
    """Two convolutions with a 1x1 residual, then a strided one over frequency; bins become ``bins // 3``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(),
        )
        self.residual = nn.Conv2d(inputs, outputs, 1)
        self.down = nn.Conv2d(outputs, outputs, (_STRIDE, 1), stride=(_STRIDE, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        # Trained on a processor, the weights keep the last bit that they have with the channels first.
        if x.is_cuda or not torch.is_grad_enabled():
            x = lying_as(y, x)
        return self.down(y + self.residual(x))


class Decoder(nn.Module):
    """Up-sampling over frequency to a given size, the skip connection, then two transposed convolutions.

    Between these are `inner` channels: half of what comes in, if nothing else is said.
    """

    def __init__(self, inputs: int, skip: int, outputs: int, last: bool = False, inner: int | None = None) -> None:
        super().__init__()
        joined = inputs + skip
        inner = inner or joined // 2
        self.up = nn.ConvTranspose2d(inputs, inputs, (_STRIDE, 1), stride=(_STRIDE, 1))
        self.body = nn.Sequential(
            nn.ConvTranspose2d(joined, inner, 3, padding=1),
            nn.LeakyReLU(),
            nn.BatchNorm2d(inner),
            nn.ConvTranspose2d(inner, outputs, 3, padding=1),
        )
        if not last:
            self.body.extend([nn.LeakyReLU(), nn.BatchNorm2d(outputs)])

    def forward(self, x: Tensor, skip: Tensor | None, bins: int) -> Tensor:
        x = self.up(x, output_size=(x.shape[0], x.shape[1], bins, x.shape[3]))
        return self.body(x if skip is None else torch.cat([x, skip], dim=1))


class ActivityHead(nn.Sequential):
    """Strided convolutions over frequency until one bin is left: 55 → 18 → 6 → 2 → 1 at the paper's size.

    Fewer bins need fewer convolutions: they stop when fewer than three bins remain, and one kernel covers the rest.
    `outputs` are the targets whose activity is told.
    """

    def __init__(self, inputs: int, bins: int, width: int, outputs: int = 1) -> None:
        layers: list[nn.Module] = []
        sizes = [2 * width, width]
        while bins >= _STRIDE:
            wide = sizes.pop(0) if sizes else width
            layers += [nn.Conv2d(inputs, wide, (_STRIDE, 1), stride=(_STRIDE, 1)), nn.BatchNorm2d(wide)]
            inputs, bins = wide, bins // _STRIDE
        layers.append(nn.Conv2d(inputs, outputs, (bins, 1), stride=(bins, 1)))
        super().__init__(*layers)


class PitchHead(nn.Sequential):
    """All bins and channels of a frame of the latent at once, a hidden layer, and a logit for every pitch.

    Which pitch sounds is told by where its harmonics lie, so that no convolution over frequency comes first. It begins
    with the probability that any pitch has, or the first epochs would only learn that few sound.
    """

    def __init__(self, inputs: int, bins: int, hidden: int, pitches: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, hidden, (bins, 1)),
            nn.BatchNorm2d(hidden),
            nn.LeakyReLU(),
            nn.Conv2d(hidden, pitches, 1),
        )
        nn.init.constant_(self[-1].bias, math.log(_SOUNDING / (1 - _SOUNDING)))  # type: ignore[arg-type]


class IASS(nn.Module):
    """Mask by a U-Net, activity and pitches by its latent.

    Parameters
    ----------
    bins, all_bins
        Bins shown to the network and bins of the estimate (1487 and 2049 in the paper).
    channels
        1 (the released code) or 2; a stereo network sees both channels and masks each.
    blocks
        Encoder blocks, 3 or 4 in Table 1.
    width
        Channels of the first block; block b has ``b * width`` (16 in the paper).
    activity_head
        False for the network "without instrument labels".
    pitches, pitch_hidden
        How many pitches the pitch head tells, 0 for none as in the paper, and the width of its hidden layer.
    """

    def __init__(
        self,
        bins: int,
        all_bins: int,
        channels: int = 1,
        blocks: int = 3,
        width: int = 16,
        activity_head: bool = True,
        output_mean: float = 1.0,
        pitches: int = 0,
        pitch_hidden: int = 64,
    ) -> None:
        super().__init__()
        self.bins = bins
        # Frames on either side that an output frame depends on: two 3x3 convolutions per encoder and decoder block.
        self.context_frames = 4 * blocks
        widths = [channels, *(width * (block + 1) for block in range(blocks))]
        self.sizes = [bins // _STRIDE**block for block in range(blocks + 1)]
        if self.sizes[-1] < 1:
            raise ValueError(f"{blocks} blocks need at least {_STRIDE**blocks} bins, found {bins}")
        self.encoders = nn.ModuleList(Encoder(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.skips = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for w in widths[1:-1])
        self.decoders = nn.ModuleList(
            Decoder(widths[block + 1], widths[block], widths[block]) for block in range(blocks - 1, 0, -1)
        )
        self.decoders.append(Decoder(widths[1], 0, channels, last=True))
        self.head = ActivityHead(widths[-1], self.sizes[-1], width) if activity_head else None
        self.linear = nn.Linear(bins, all_bins)
        self.input_mean = nn.Parameter(torch.zeros(bins))
        self.input_scale = nn.Parameter(torch.ones(bins))
        self.output_scale = nn.Parameter(torch.ones(all_bins))
        self.output_mean = nn.Parameter(torch.full((all_bins,), output_mean))
        # Last, so that all before it begins as without it.
        self.pitch_head = PitchHead(widths[-1], self.sizes[-1], pitch_hidden, pitches) if pitches else None

    def set_statistics(self, mean: Tensor, deviation: Tensor) -> None:
        """Whiten the input by the data set's mean and standard deviation per bin, the start of learned parameters."""
        self.input_mean.data.copy_(mean[: self.bins])
        self.input_scale.data.copy_(deviation[: self.bins])

    def forward(self, mixture: Tensor) -> tuple[Tensor, Tensor | None] | tuple[Tensor, Tensor | None, Tensor]:
        """(magnitude estimate, activity logit ``(batch, frame)`` or None) of mixture magnitudes.

        With a pitch head a third: pitch logits ``(batch, pitch, frame)``.
        """
        y, logits, latent = self.decoded(mixture)
        mask = torch.relu(y * self.output_scale[:, None] + self.output_mean[:, None])
        found = mask * mixture, None if logits is None else logits[:, 0]
        return found if self.pitch_head is None else (*found, self.pitch_head(latent)[:, :, 0])

    def decoded(self, mixture: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """What masks are made of, ``(batch, channel, bin, frame)``, the activity's logits, and the latent below heads.

        Logits are ``(batch, target, frame)``, None without a head.
        """
        x = mixture[:, :, : self.bins]
        x = (x - self.input_mean[:, None]) / self.input_scale[:, None]
        skips: list[Tensor | None] = []
        for number, encoder in enumerate(self.encoders):
            x = encoder(x)
            if number < len(self.skips):
                skips.append(self.skips[number](x))
        latent = x
        logits = None if self.head is None else self.head(latent)[:, :, 0]
        for decoder, skip, bins in zip(self.decoders, [*reversed(skips), None], reversed(self.sizes[:-1]), strict=True):
            x = decoder(x, skip, bins)
        return dense(self.linear, x.transpose(2, 3)).transpose(2, 3), logits, latent
