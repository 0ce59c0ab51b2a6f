"""The BLSTM of the Slakh paper: a mask of the mixture's magnitudes from their logarithm.

Shape: magnitudes and masks ``(batch, bin, frame)``.

References
----------
Manilow et al., Slakh (WASPAA 2019), Section 3.1: 4 layers of 600 units per direction, dropout 0.3, dense output with
sigmoid, log-magnitude input. The paper says nothing of the input's normalisation; a batch norm of the whole spectrogram
is that of the first author's later code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reprosep.models.aligned import dense
from reprosep.models.recurrent import run_lstm

EPSILON = 1e-8  # added to magnitudes, of which logarithms are taken: far below one step of 16 bits


class BLSTM(nn.Module):
    """Bidirectional LSTM layers over time, then one dense layer to the bins."""

    def __init__(self, bins: int, hidden: int, layers: int, dropout: float, normalise: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(1) if normalise else nn.Identity()
        self.layers = nn.LSTM(
            bins,
            hidden,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)  # of the last layer, which nn.LSTM leaves out
        self.dense = nn.Linear(2 * hidden, bins)

    def forward(self, magnitude: Tensor) -> Tensor:
        """The mask, 0 to 1."""
        logarithm = (magnitude + EPSILON).log()
        inputs = self.norm(logarithm.flatten(1)[:, None])[:, 0].unflatten(1, logarithm.shape[1:])
        states = run_lstm(self.layers, inputs.transpose(1, 2))
        return torch.sigmoid(dense(self.dense, self.dropout(states))).transpose(1, 2)
