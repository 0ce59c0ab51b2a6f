"""The parts of an estimated source, and the filters that make them; what they are stands in :mod:`.bsseval`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parts:
    """Energies of the parts of estimated sources, each ``(pair, frame)``."""

    spatial: np.ndarray  # e_spat
    filtered: np.ndarray  # P_j ŝ
    interference: np.ndarray  # e_interf
    projected: np.ndarray  # P ŝ
    artifacts: np.ndarray  # e_artif
    distortion: np.ndarray  # ŝ - P_j ŝ: the distortion of version 3


@dataclass(frozen=True)
class Projection:
    """Filters ``(tap, row, channel)`` of one estimated source.

    Attributes
    ----------
    columns
        Its rows among those of the estimates.
    rows
        The rows of its reference.
    own, every
        P_j and P; those of P_j are zero for other rows.
    """

    columns: slice
    rows: slice
    own: np.ndarray
    every: np.ndarray
