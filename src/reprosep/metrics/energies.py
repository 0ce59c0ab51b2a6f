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

import numpy as np
import scipy.fft

from reprosep.metrics.blocks import Spectra, Workspace
from reprosep.metrics.transforms import irfft

LEAST_SHARE = 1e8 * float(np.finfo(float).eps)
"""An energy is right to about 1e-7 dB when it is at least this share of the terms that it is a sum of."""


def kernels(filters: np.ndarray) -> np.ndarray:
    """κ of sets of filters, lags 0 … taps - 1 with the others added to their mirror images: ``(lag, set, row, row)``.

    Parameters
    ----------
    filters
        ``(tap, set, row, output)``; κ is summed over the outputs.
    """
    taps = len(filters)
    transform = scipy.fft.next_fast_len(2 * taps, real=True)
    spectrum = scipy.fft.rfft(filters, transform, axis=0)
    values = scipy.fft.irfft(spectrum @ spectrum.conj().swapaxes(-1, -2), transform, axis=0)[:taps]
    values[1:] *= 2.0  # r_ij[-l] κ_ij[-l] = r_ji[l] κ_ji[l]
    return np.asarray(values)


def columns_of(values: np.ndarray) -> np.ndarray:
    """``(lag, set, row, row)`` as columns with which correlations are multiplied: ``(lag · row · row, set)``."""
    return np.ascontiguousarray(values.swapaxes(0, 1)).reshape(values.shape[1], -1).T


def sizes_of(values: np.ndarray) -> np.ndarray:
    """Roots of the sums of squares over lags: ``(row · row, set)``."""
    return np.sqrt(np.einsum("lsij,lsij->sij", values, values)).reshape(values.shape[1], -1).T


def powers_of(lags: np.ndarray) -> np.ndarray:
    """Bounds of the correlations of some frames ``(frame, lag, row, row)`` at any lag: ``(frame, row · row)``."""
    power = np.sqrt(np.einsum("fii->fi", lags[:, 0]).clip(min=0))
    return (power[:, :, None] * power[:, None, :]).reshape(len(lags), -1)


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
    """

    def __init__(self, filters: np.ndarray) -> None:
        self._filters, self._work = filters, Workspace()
        self._spectra = Spectra(self._work)
        self._transform = 0
        self.begin()

    def begin(self) -> None:
        """Begin another signal."""
        self.tail = np.zeros((self._filters.shape[2], len(self._filters) - 1))
        """What the filters still add behind the pieces so far, ``(output, taps - 1)``."""

    def __call__(self, rows: np.ndarray, block: int, transform: int) -> np.ndarray:
        """The next samples ``(output, sample)`` for the next samples of the rows ``(row, sample)``, a block at a time.

        `transform` has room for a block and the tail that it gets. What is returned lasts until the next call.
        """
        if transform != self._transform:
            self._transform, self._of_filters = transform, scipy.fft.rfft(self._filters, transform, axis=0)
        length, reach = rows.shape[1], self.tail.shape[1]
        count = -(-length // block)
        filtered = self._filtered(rows, count, block)
        outputs = self._work.array("outputs", (len(self.tail), count * block + reach))
        outputs[:, :reach], outputs[:, reach:] = self.tail, 0.0
        for number in range(count):
            outputs[:, number * block : (number + 1) * block + reach] += filtered[:, number, : block + reach]
        self.tail = outputs[:, length : length + reach].copy()
        return outputs[:, :length]

    def _filtered(self, rows: np.ndarray, count: int, block: int) -> np.ndarray:
        """Every block with its tail, ``(output, block, sample)``."""
        padded = self._work.array("rows", (len(rows), count * block))
        padded[:, : rows.shape[1]], padded[:, rows.shape[1] :] = rows, 0.0
        spectra = self._spectra("blocks", padded.reshape(len(rows), count, block), self._transform)
        outputs, bins = self._filters.shape[2], len(self._of_filters)
        products = np.matmul(
            spectra, self._of_filters, out=self._work.array("products", (bins, count, outputs), complex)
        )
        turned = self._work.array("turned", (outputs, count, bins), complex)
        turned[:] = products.transpose(2, 1, 0)
        return irfft(turned, self._work.array("filtered", (outputs, count, self._transform)))
