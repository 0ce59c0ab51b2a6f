"""Weights of the sources in the loss of a network that separates several at once.

.. math:: L = \\sum_i w_i L_i

Every weighting is a function of what was measured: the energies of the corpus or of a batch, or the losses of past
epochs.

References
----------
Kadandale et al. 2020, Eqs. (5) to (9) and Section III; Liu, Johns and Davison, "End-to-end multi-task learning with
attention", CVPR 2019 (DWA); Oh et al. as described by Kadandale et al.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_BEFORE_DWA = 2  # epochs with unit weights: the first ratio needs two losses


def energy_weights(energies: Sequence[float] | np.ndarray, power: int = 1) -> np.ndarray:
    """``(E_max / E_i)^power``: the source with most energy has weight 1. EBW P1 and, with `power` 2, EBW P2."""
    values = np.asarray(energies, float)
    weights: np.ndarray = (values.max() / values) ** power
    return weights


def inverse_energy_weights(energies: Sequence[float] | np.ndarray) -> np.ndarray:
    """``w_i ∝ 1 / E_i`` with sum 1 (Oh et al.)."""
    inverse = 1 / np.asarray(energies, float)
    weights: np.ndarray = inverse / inverse.sum()
    return weights


def batch_energy_weights(power: Tensor, reference: int | None = None) -> Tensor:
    """EBW InstP1: ``E_ref / E_i`` of the energies of a batch, sums of squared magnitudes, ``(source,)``.

    `reference` is the number of a source, as in the released code (accompaniment, or bass), where weights may fall
    below 1; None is the paper's Eq. (7), the source with most energy in the batch. A silent source gets weight 0: it
    has no energy to weight by, and its loss is that of silence.
    """
    wanted = power.max() if reference is None else power[reference]
    return torch.where(power > 0, wanted / power.clamp_min(torch.finfo(power.dtype).tiny), 0)


def dynamic_weights(losses: Sequence[Sequence[float]], temperature: float, sources: int) -> np.ndarray:
    """DWA: ``K softmax(r / T)`` with ``r_i = L_i[e-1] / L_i[e-2]`` of the `losses` ``[epoch][source]`` so far.

    The sources' weights add up to their number K; 1 each before there are two epochs.
    """
    if len(losses) < _BEFORE_DWA:
        return np.ones(sources)
    ratios = np.asarray(losses[-1], float) / np.asarray(losses[-2], float) / temperature
    exponentials = np.exp(ratios - ratios.max())
    weights: np.ndarray = len(ratios) * exponentials / exponentials.sum()
    return weights
