"""Open-Unmix: a three-layer bidirectional LSTM over magnitude spectrograms.

Shape: magnitudes ``(batch, channel, bin, frame)``.

The network is split in three parts, so that long songs pass through the first and the last in chunks and only the
recurrent part sees the whole song.

References
----------
Stöter, Uhlich, Liutkus and Mitsufuji, "Open-Unmix - a reference implementation for music source separation", JOSS 2019.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reprosep.models.aligned import dense
from reprosep.models.recurrent import run_lstm

_DROPOUT = 0.4


class OpenUnmix(nn.Module):
    """Mask by fully connected layers around a BiLSTM.

    Parameters
    ----------
    bins, all_bins
        Bins shown to the network and bins of the estimate (1487 and 2049 at 44.1 kHz).
    channels
        Audio channels, seen and masked together.
    hidden
        Width; each direction of the LSTM has half of it (512 in the paper).
    """

    def __init__(
        self, bins: int, all_bins: int, channels: int = 2, hidden: int = 512, layers: int = 3, output_mean: float = 1.0
    ) -> None:
        super().__init__()
        self.bins, self.all_bins, self.channels, self.hidden = bins, all_bins, channels, hidden
        self.fc1 = nn.Linear(bins * channels, hidden, bias=False)
        self.bn1 = nn.BatchNorm1d(hidden)
        dropout = _DROPOUT if layers > 1 else 0.0
        self.lstm = nn.LSTM(hidden, hidden // 2, layers, bidirectional=True, dropout=dropout)
        self.fc2 = nn.Linear(2 * hidden, hidden, bias=False)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, all_bins * channels, bias=False)
        self.bn3 = nn.BatchNorm1d(all_bins * channels)
        self.input_mean = nn.Parameter(torch.zeros(bins))
        self.input_scale = nn.Parameter(torch.ones(bins))
        self.output_scale = nn.Parameter(torch.ones(all_bins))
        self.output_mean = nn.Parameter(torch.full((all_bins,), output_mean))

    def set_statistics(self, mean: Tensor, deviation: Tensor) -> None:
        """Whiten the input by the data set's mean and standard deviation per bin, the start of learned parameters.

        As in the authors' code the parameters are the negative mean and the inverse deviation.
        """
        self.input_mean.data.copy_(-mean[: self.bins])
        self.input_scale.data.copy_(1 / deviation[: self.bins])

    def encode(self, mixture: Tensor) -> Tensor:
        """``(batch, channel, bin, frame)`` to ``(frame, batch, hidden)``, frame by frame."""
        x = mixture.permute(3, 0, 1, 2)[..., : self.bins]
        x = (x + self.input_mean) * self.input_scale
        frames, batch = x.shape[:2]
        x = self.bn1(dense(self.fc1, x.reshape(frames * batch, -1)))
        return torch.tanh(x).reshape(frames, batch, self.hidden)

    def recur(self, x: Tensor, frames: Sequence[int] | None = None) -> Tensor:
        """``(frame, batch, hidden)`` to ``(frame, batch, 2 * hidden)``, over whole songs, each of so many `frames`."""
        return torch.cat([x, run_lstm(self.lstm, x, frames)], dim=-1)

    def decode(self, x: Tensor, mixture: Tensor) -> Tensor:
        """Magnitude estimate from the recurrent part's output and the mixture's magnitudes, frame by frame."""
        frames, batch = x.shape[:2]
        x = torch.relu(self.bn2(self.fc2(x.reshape(frames * batch, -1))))
        x = self.bn3(dense(self.fc3, x)).reshape(frames, batch, self.channels, self.all_bins)
        mask = torch.relu(x * self.output_scale + self.output_mean)
        return mask.permute(1, 2, 3, 0) * mixture

    def forward(self, mixture: Tensor) -> tuple[Tensor, None]:
        """(magnitude estimate, None: there is no activity head)."""
        return self.decode(self.recur(self.encode(mixture)), mixture), None
