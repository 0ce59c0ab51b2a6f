"""Energies of filtered signals in every frame, from correlations alone.

The part ``Σ_i v_i * x_i`` of an estimate that filters v make of rows x has, over a slice outside of which x is zero,
the energy

    E = Σ_ij Σ_l r_ij[l] κ_ij[l],    κ_ij[l] = Σ_b v_i[b + l] v_j[b],    l = -(taps - 1) … taps - 1,

where r are the correlations of the slice. κ is the same for all frames, so the energies of all frames are one product
of matrices and no signal is ever filtered. Rounding makes an error of about the machine's epsilon times
``|r| |κ|``; an energy that is not far above it (an almost perfect estimate) is computed from the filtered signals
themselves instead (:class:`Filter`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

LEAST_SHARE = 1e8 * float(np.finfo(float).eps)
"""An energy is right to about 1e-7 dB when it is at least this share of the terms that it is a sum of."""


@dataclass(frozen=True)
class Kernel:
    """κ of one set of filters, lags 0 … taps - 1 with the others added to their mirror images."""

    values: np.ndarray  # (lag, row, row)

    @staticmethod
    def of(filters: np.ndarray) -> Kernel:
        """κ summed over the outputs of filters ``(tap, row, output)``."""
        taps = len(filters)
        transform = scipy.fft.next_fast_len(2 * taps, real=True)
        spectrum = scipy.fft.rfft(filters, transform, axis=0)
        values = scipy.fft.irfft(spectrum @ spectrum.conj().transpose(0, 2, 1), transform, axis=0)[:taps]
        values[1:] *= 2.0  # r_ij[-l] κ_ij[-l] = r_ji[l] κ_ji[l]
        return Kernel(values)

    @property
    def size(self) -> np.ndarray:
        """Root of the sum of squares over lags, ``(row, row)``."""
        return np.sqrt(np.einsum("lij,lij->ij", self.values, self.values))


def kernel_energies(lags: np.ndarray, kernels: list[Kernel]) -> tuple[np.ndarray, np.ndarray]:
    """Energies and what is to be trusted of them.

    Parameters
    ----------
    lags
        Correlations ``(frame, lag, row, row)``.
    kernels
        Of the same rows.

    Returns
    -------
    tuple
        Energies ``(kernel, frame)`` and the least energy that is exact enough, of the same shape.
    """
    frames = len(lags)
    values = np.stack([kernel.values.ravel() for kernel in kernels], axis=1)
    sizes = np.stack([kernel.size.ravel() for kernel in kernels], axis=1)
    energies = lags.reshape(frames, -1) @ values
    power = np.sqrt(np.einsum("fii->fi", lags[:, 0]).clip(min=0))
    bound = (power[:, :, None] * power[:, None, :]).reshape(frames, -1) @ sizes
    return energies.T, LEAST_SHARE * bound.T


def embed(filters: np.ndarray, first: int, rows: int) -> np.ndarray:
    """Filters ``(tap, row, output)`` of some rows, from row `first` on, as filters of `rows` rows."""
    whole = np.zeros((len(filters), rows, filters.shape[2]))
    whole[:, first : first + filters.shape[1]] = filters
    return whole


class Filter:
    """Filters applied to rows that come piece by piece (overlap-add), so that a song need not be in memory.

    Parameters
    ----------
    filters
        ``(tap, row, output)``.
    first
        The row among those that come which the filters' first row is for.
    """

    def __init__(self, filters: np.ndarray, first: int = 0) -> None:
        self._filters = filters
        self._rows = slice(first, first + filters.shape[1])
        self.tail = np.zeros((filters.shape[2], len(filters) - 1))
        """What the filters still add behind the pieces so far, ``(output, taps - 1)``."""
        self._transform = 0

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """The next samples ``(output, sample)`` for the next samples of all rows ``(row, sample)``."""
        length, reach = rows.shape[1], self.tail.shape[1]
        transform = scipy.fft.next_fast_len(length + reach, real=True)
        if transform != self._transform:
            self._transform, self._spectra = transform, scipy.fft.rfft(self._filters, transform, axis=0)
        spectra = scipy.fft.rfft(rows[self._rows], transform, axis=1)
        outputs = scipy.fft.irfft(np.einsum("fro,rf->of", self._spectra, spectra), transform, axis=1)
        outputs[:, :reach] += self.tail
        self.tail = outputs[:, length : length + reach].copy()
        return outputs[:, :length]
