"""Mel bands: triangular filters, evenly spaced on the mel scale, each with a peak of one.

.. math:: m = 2595 \\log_{10}(1 + f / 700)

Neighbouring filters add up to one between their centres.

References
----------
O'Shaughnessy: Speech communication, 1987 (the scale, as in HTK).
"""

from __future__ import annotations

import numpy as np

_BREAK_HZ, _SCALE = 700.0, 2595.0
_ROUNDING = 1e-9  # weights below it are nothing but rounding: a bin at a corner


def mel(hertz: np.ndarray | float) -> np.ndarray:
    """Mels of frequencies in Hz."""
    return np.asarray(_SCALE * np.log10(1 + np.asarray(hertz, dtype=np.float64) / _BREAK_HZ))


def hertz(mels: np.ndarray | float) -> np.ndarray:
    """Frequencies in Hz of mels."""
    return np.asarray(_BREAK_HZ * (10 ** (np.asarray(mels, dtype=np.float64) / _SCALE) - 1))


def mel_filters(bands: int, n_fft: int, sample_rate: int, lowest: float, highest: float) -> np.ndarray:
    """Weights ``(band, bin)`` of the bins of an STFT, float64; frequencies in Hz.

    A band narrower than the distance of two bins takes the nearest bin, so that none is empty.
    """
    corners = hertz(np.linspace(mel(lowest), mel(min(highest, sample_rate / 2)), bands + 2))
    bins = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rising, falling))
    empty = weights.max(axis=1) < _ROUNDING
    nearest = np.abs(bins - corners[1:-1, None]).argmin(axis=1)
    weights[empty, nearest[empty]] = 1.0
    return np.asarray(weights)
