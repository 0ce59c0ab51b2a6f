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

It is taken twice. In principal channels (:mod:`.channels`), in which the equations are solved here, it says what the
references themselves determine. In the channels as they are, in which museval and mir_eval solve, it is smaller where a
source is nearly mono or panned, in real songs by a factor of 30 at 16 bits and of 1000 in decoded floating point; how
far implementations can be apart follows that.

How the uncertainty was measured
--------------------------------
Five real songs (8 s of each, 28 s of two) as a pair, as three or four stereo sources, and as mono ones; coded as MP3
(64, 128, 320 kbit/s), AAC (64, 128, 256 kbit/s) and Vorbis, decoded to floating point and to 16 bits, and made mono and
panned at 16 bits; estimates with leakage, delay and noise. The largest difference in ISR, SIR and SAR of any frame, in
dB, as a multiple of the machine's epsilon over the share in channels, where that share is above ten epsilons:

================================== ================ ================================
references                         ours to museval  museval to itself, other order
================================== ================ ================================
pairs, all kinds                   0.2              0.4
several, decoded, floating point   1.8              2.8
several, decoded, 16 bits          0.2              44
several, panned, 16 bits           1.7              61
one of them silent but for coding  50               11
================================== ================ ================================

The uncertainty is 8 of these: what two implementations differ by, given the same order, with a factor of four. It is
not what museval differs by when it solves for a source first that is 35 dB below another (44 and 61: 1e-4 dB at 16
bits), nor does it hold for a source whose samples are all but the coder's rounding zero. As multiples of epsilon over
the share in principal channels, the same differences reach 48 in MP3 of 64 kbit/s (0.026 dB), and thousands in nearly
mono sources.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from reprosep.metrics.toeplitz import independent

LIMIT = 1e-12
"""Below this share rounding errors reach 0.01 dB, and 10 dB one or two orders of magnitude further down."""

_GAIN = 8.0  # of rounding errors, in dB: four times the largest difference of two implementations
_UNKNOWN = 10  # machine's epsilons below which a measured share is nothing but rounding
_TAPER = 40.0  # of the Kaiser window over lags: strong bands leak less than rounding errors into weak ones


@dataclass(frozen=True)
class Conditioning:
    """The smallest eigenvalue of the references' spectral density, as a share of the largest, and where it is.

    Attributes
    ----------
    share
        1 for white noise, about 1e-9 for 16-bit recordings.
    frequency
        Of the smallest, as a share of the sampling rate.
    channel_share
        The share in the channels as they are.
    """

    share: float
    frequency: float
    channel_share: float

    @property
    def uncertainty(self) -> float:
        """By how much, in dB, two implementations may differ in ISR, SIR and SAR of a frame for rounding alone.

        Rounding changes the correlations by the machine's epsilon, and the filters by as much over the share: that in
        the channels as they are. Infinite where the share is rounding itself. Measured: see the head of this module.
        """
        rounding = float(np.finfo(float).eps)
        if self.channel_share <= _UNKNOWN * rounding:
            return float("inf")
        return _GAIN * rounding / self.channel_share

    @property
    def ill_posed(self) -> bool:
        """Whether scores that use filters are decided by rounding errors."""
        return self.share < LIMIT


def conditioning(lags: np.ndarray, samples: int, channels: np.ndarray) -> Conditioning:
    """Conditioning of references of so many samples.

    Both shares are 1 when all are silent and 0 when the filters have more taps than the signals have samples.

    Parameters
    ----------
    lags
        Correlations of the principal channels, ``(lag, row, row)``.
    channels
        Principal channels → channels, ``(row, row)``.
    """
    share, frequency = _smallest(lags, samples)
    channel_share, _ = _smallest(channels @ lags @ channels.T, samples)
    return Conditioning(share, frequency, channel_share)


def _smallest(lags: np.ndarray, samples: int) -> tuple[float, float]:
    """The share and where it is."""
    taps = len(lags)
    power = np.diagonal(lags[0])
    scale = np.divide(1.0, np.sqrt(power), out=np.zeros(len(power)), where=power > 0)  # a quiet source is no worse
    lags = lags * scale[:, None] * scale
    basis = independent(lags[0])
    if not basis.shape[1]:
        return 1.0, 0.0
    if samples + taps - 1 < taps * basis.shape[1]:
        return 0.0, 0.0
    window = np.kaiser(2 * taps + 1, _TAPER)[taps:-1]
    tapered = (basis.T @ lags @ basis) * window[:, None, None]
    transform = 2 * taps
    around = np.zeros((transform, *tapered.shape[1:]))
    around[:taps] = tapered
    around[taps + 1 :] = tapered[:0:-1].transpose(0, 2, 1)
    density = np.linalg.eigvalsh(scipy.fft.rfft(around, axis=0))
    smallest = np.abs(density[:, 0])
    weakest = int(np.argmin(smallest))
    return float(smallest[weakest] / density[:, -1].max()), weakest / transform
