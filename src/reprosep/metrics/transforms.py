"""Transforms of many real rows into memory that is there: by ducc0 where it is installed, else by numpy and scipy.

Both round differently in the last bits. ducc0 takes two thirds of the time; its package is under the GPL (the part that
transforms also under the BSD licence), so nothing here needs it.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

try:
    from ducc0 import fft as ducc
except ImportError:
    ducc = None


def rfft(rows: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Transforms over the last axis, ``out[…, bin]``."""
    if ducc:
        return np.asarray(ducc.r2c(rows, axes=(rows.ndim - 1,), out=out, nthreads=1))
    return np.fft.rfft(rows, out=out)


def irfft(spectra: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Inverse transforms over the last axis, ``out[…, sample]``."""
    length = out.shape[-1]
    if ducc:
        axes = (spectra.ndim - 1,)
        return np.asarray(ducc.c2r(spectra, axes=axes, lastsize=length, forward=False, inorm=2, out=out, nthreads=1))
    return np.fft.irfft(spectra, length, out=out)


def irfft_first(spectra: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Inverse transforms over the first axis, as long as `out`; which may get them, or other memory does."""
    if ducc:
        inverse = ducc.c2r(spectra, axes=(0,), lastsize=len(out), forward=False, inorm=2, out=out, nthreads=1)
        return np.asarray(inverse)
    return np.asarray(scipy.fft.irfft(spectra, len(out), axis=0))
