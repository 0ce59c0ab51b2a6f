"""Energies of filtered signals in every frame, from correlations alone.

The part ``Σ_i v_i * x_i`` of an estimate that filters v make of rows x has, over a slice outside of which x is zero,
the energy

    E = Σ_ij Σ_l r_ij[l] κ_ij[l],    κ_ij[l] = Σ_b v_i[b + l] v_j[b],    l = -(taps - 1) … taps - 1,

where r are the correlations of the slice. κ is the same for all frames, so the energies of all frames are one product
of matrices and no signal is ever filtered. Rounding makes an error of about the machine's epsilon times
``|r| |κ|``; an energy that is not far above it (an almost perfect estimate) is computed from the filtered signals
themselves instead (:class:`Filtered`).
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


class Filtered:
    """The spectra of a slice's rows, to filter them and to add and subtract the results.

    Energies are those of the whole output, tail included, by Parseval's theorem.
    """

    def __init__(self, rows: np.ndarray, taps: int) -> None:
        self._transform = scipy.fft.next_fast_len(rows.shape[1] + taps - 1, real=True)
        self.spectra = scipy.fft.rfft(rows, self._transform, axis=1)
        weights = np.full(self.spectra.shape[1], 2.0 / self._transform)
        weights[0] = 1.0 / self._transform
        if self._transform % 2 == 0:
            weights[-1] = 1.0 / self._transform
        self._weights = weights

    def project(self, filters: np.ndarray, first: int = 0) -> np.ndarray:
        """Spectra ``(output, bin)`` of the rows from `first` on through filters ``(tap, row, output)``."""
        outputs = np.zeros((filters.shape[2], self.spectra.shape[1]), complex)
        for row in range(filters.shape[1]):  # one by one: a long slice has spectra of tens of megabytes
            for output in range(filters.shape[2]):
                spectrum = scipy.fft.rfft(filters[:, row, output], self._transform)
                outputs[output] += spectrum * self.spectra[first + row]
        return outputs

    def energy(self, spectra: np.ndarray) -> float:
        """Energy of the signals with these spectra."""
        return float(((spectra.real**2 + spectra.imag**2) @ self._weights).sum())
