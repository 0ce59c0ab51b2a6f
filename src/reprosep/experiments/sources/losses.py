"""The loss of each source of a network that estimates several masks, on masks or on spectrograms.

.. math:: m_i = \\min(S_i / X, 10)
.. math:: L^{direct}_i = |\\hat m_i - m_i|, \\qquad L^{indirect}_i = |\\hat m_i X - m_i X|

with warped magnitudes and means over batch, bins and frames. The target of the indirect loss is the clipped mask times
the mixture, as in the released code, not the source's own magnitude.

Shape: masks and magnitudes of sources ``(batch, source, bin, frame)``, of mixtures ``(batch, 1, bin, frame)``; losses
``(source,)``.

References
----------
Kadandale et al. 2020, Eqs. (3) and (4), which print sums where the released code takes means.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

LARGEST_MASK = 10.0
_AXES = (0, 2, 3)


def ideal_masks(sources: Tensor, mixture: Tensor) -> Tensor:
    """``S_i / X`` clipped to [0, 10]; magnitudes are above 0."""
    return (sources / mixture).clamp(0, LARGEST_MASK)


def source_losses(masks: Tensor, ideal: Tensor, mixture: Tensor, kind: Literal["direct", "indirect"]) -> Tensor:
    """The loss of every source, without weights."""
    difference = (masks - ideal).abs()
    return (difference if kind == "direct" else difference * mixture).mean(dim=_AXES)
