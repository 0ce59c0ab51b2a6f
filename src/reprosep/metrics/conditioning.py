"""Do the references determine the distortion filters? Where they do not, no implementation has a right score.

The filters of BSS Eval are the solution of normal equations whose eigenvalues follow the spectral density of the
references. 16-bit recordings carry a noise floor that bounds them from below. Signals without it (decoded lossy audio
or low-passed synthesis kept in floating point) leave whole bands to rounding errors of about 1e-16 of the power: what
the filters do there is decided by the order of additions, and museval itself changes SIR by more than 10 dB when the
sources are listed in another order.

The measure
-----------
At every frequency the smallest eigenvalue of the references' spectral density matrix, smoothed to the resolution of the
filters, over the largest of all frequencies: the share of power on which the filters rest where they rest on the least.
Combinations of channels that cancel exactly (equal channels, a silent channel, one recording used twice) are left out:
filters that differ in them give the same signals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

LIMIT = 1e-12
"""Below this share rounding errors reach 0.001 dB, and 10 dB two orders of magnitude further down."""

_TAPER = 40.0  # of the Kaiser window over lags: strong bands leak less than rounding errors into weak ones
_CANCELLED = 1e-14  # share of the power under which a combination of channels is exactly zero but for rounding


@dataclass(frozen=True)
class Conditioning:
    """The smallest eigenvalue of the references' spectral density, as a share of the largest, and where it is.

    Attributes
    ----------
    share
        1 for white noise, about 1e-9 for 16-bit recordings.
    frequency
        Of the smallest, as a share of the sampling rate.
    """

    share: float
    frequency: float

    @property
    def uncertainty(self) -> float:
        """About how much, in dB, ISR, SIR and SAR of a frame can depend on rounding errors.

        Rounding changes the correlations by the machine's epsilon, and the filters by as much over the share. Measured
        with noise floors from 1e-8 to 1e-14: two implementations differ by up to about half of this.
        """
        return 4 * float(np.finfo(float).eps) / self.share if self.share else float("inf")

    @property
    def ill_posed(self) -> bool:
        """Whether scores that use filters are decided by rounding errors."""
        return self.share < LIMIT


def conditioning(lags: np.ndarray, samples: int) -> Conditioning:
    """Conditioning of references of so many samples with correlations ``(lag, row, row)``.

    The share is 1 when all are silent and 0 when the filters have more taps than the signals have samples.
    """
    taps = len(lags)
    power = np.diagonal(lags[0])
    scale = np.divide(1.0, np.sqrt(power), out=np.zeros(len(power)), where=power > 0)  # a quiet source is no worse
    lags = lags * scale[:, None] * scale
    basis = _independent(lags[0])
    if not basis.shape[1]:
        return Conditioning(1.0, 0.0)
    if samples + taps - 1 < taps * basis.shape[1]:
        return Conditioning(0.0, 0.0)
    window = np.kaiser(2 * taps + 1, _TAPER)[taps:-1]
    tapered = (basis.T @ lags @ basis) * window[:, None, None]
    transform = 2 * taps
    around = np.zeros((transform, *tapered.shape[1:]))
    around[:taps] = tapered
    around[taps + 1 :] = tapered[:0:-1].transpose(0, 2, 1)
    density = np.linalg.eigvalsh(scipy.fft.rfft(around, axis=0))
    smallest = np.abs(density[:, 0])
    weakest = int(np.argmin(smallest))
    return Conditioning(float(smallest[weakest] / density[:, -1].max()), weakest / transform)


def _independent(covariance: np.ndarray) -> np.ndarray:
    """Combinations of channels that do not cancel, each of unit length: ``(row, combination)``."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors[:, values > _CANCELLED * max(values[-1], np.finfo(float).tiny)]
