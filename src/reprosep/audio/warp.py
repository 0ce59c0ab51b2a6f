"""Logarithmic frequencies: a linear spectrogram on fewer bins that follow each other in equal ratios, and back.

.. math:: y(v) = \\frac{21^{(v + 1) / 2} - 11}{10}, \\qquad v(y) = 2 \\frac{\\ln(10 y + 11)}{\\ln 21} - 1

for positions in [-1, 1] from the lowest to the highest bin; bilinear interpolation, frames as they are.

References
----------
Zhao et al., "The sound of pixels", ECCV 2018, whose released code has these constants; used by Kadandale et al. 2020.
The formulas mean `align_corners` True: -1 and 1 are the centres of the outermost bins and frames. PyTorch's default
became False between the versions that their code may have run on; then they are the outer edges, and the outermost
bins and frames fade into zeros.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_RANGE = 21.0  # ratio of the spacing of the highest bins to that of the lowest


def warp(spectrogram: Tensor, bins: int, align_corners: bool = True) -> Tensor:
    """``(batch, channel, linear bin, frame)`` to ``(batch, channel, bins, frame)``."""
    position = torch.linspace(-1, 1, bins, device=spectrogram.device)
    middle = (_RANGE + 1) / 2
    return _at(spectrogram, (_RANGE ** ((position + 1) / 2) - middle) / (middle - 1), align_corners)


def unwarp(spectrogram: Tensor, bins: int, align_corners: bool = True) -> Tensor:
    """``(batch, channel, warped bin, frame)`` back to `bins` linear ones."""
    position = torch.linspace(-1, 1, bins, device=spectrogram.device)
    middle = (_RANGE + 1) / 2
    return _at(spectrogram, 2 * torch.log((middle - 1) * position + middle) / math.log(_RANGE) - 1, align_corners)


def _at(spectrogram: Tensor, rows: Tensor, align_corners: bool) -> Tensor:
    """The spectrogram at positions between its bins."""
    columns = torch.linspace(-1, 1, spectrogram.shape[-1], device=spectrogram.device)
    grid = torch.stack(torch.meshgrid(columns, rows.to(columns), indexing="xy"), dim=-1)
    grid = grid.expand(len(spectrogram), *grid.shape).to(spectrogram.dtype)
    return functional.grid_sample(spectrogram, grid, align_corners=align_corners)
