"""Estimates that need no training: ideal masks and the unprocessed mixture.

    IBM      1 where |S|^a / (eps + |X|^a) >= theta, else 0
    IRM      |S|^a / (eps + |S|^a + |R|^a)
    Wiener   the same with a = 2

with the STFTs S of the target, R of its accompaniment and X = S + R of the mixture. The mask is applied to X.

Shape: waves ``(channel, sample)``, spectra ``(channel, bin, frame)``.

References
----------
sigsep-mus-oracle: IBM.py and IRM.py (scipy's STFT, half overlap, per channel). Its ratio masks sum over all sources of
a song; here the sources are the target and everything else, the two that are scored. Its MIX.py divides the mixture by
the number of sources; the paper's input-SDR of about -6 dB for about five stems of equal level shows that the mixture
is used undivided there.
Manilow et al.: Cutting music source separation some Slakh. WASPAA 2019 (IRM with a = 1, "Wiener-like" with a = 2).
"""

from __future__ import annotations

import numpy as np

from reprosep.params.work import IdealBinaryMask, IdealRatioMask, MaskSettings

_EPS = np.finfo(float).eps


class Scene:
    """A target in its mixture; the spectra of one mask serve the next one of the same size."""

    def __init__(self, target: np.ndarray, mixture: np.ndarray) -> None:
        self.target, self.mixture = target, mixture
        self._spectra: tuple[int, np.ndarray, np.ndarray] | None = None

    def estimate(self, mask: MaskSettings | None) -> np.ndarray:
        """The mixture behind a mask, float32; without a mask the mixture itself."""
        if mask is None:
            return self.mixture
        import scipy.signal  # here, since it takes longer to load than most runs need for a song

        size = min(mask.n_fft, self.mixture.shape[1])
        wanted, spectrum = self._spectra_of(size)
        wave = scipy.signal.istft(spectrum * mask_of(wanted, spectrum, mask), nperseg=size)[1]
        return np.asarray(wave[:, : self.mixture.shape[1]], dtype=np.float32)

    def _spectra_of(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Spectra of target and mixture."""
        import scipy.signal

        if self._spectra is None or self._spectra[0] != size:
            waves = (self.target, self.mixture)
            wanted, spectrum = (scipy.signal.stft(wave, nperseg=size)[-1] for wave in waves)
            self._spectra = size, wanted, spectrum
        return self._spectra[1:]


def mask_of(wanted: np.ndarray, spectrum: np.ndarray, settings: MaskSettings) -> np.ndarray:
    """The mask ``(channel, bin, frame)`` of a target's spectrum in that of the mixture."""
    if isinstance(settings, IdealBinaryMask):
        ratio = np.abs(wanted) ** settings.power / (_EPS + np.abs(spectrum) ** settings.power)
        return np.asarray(ratio >= settings.theta)
    power = settings.power if isinstance(settings, IdealRatioMask) else 2
    part, rest = np.abs(wanted) ** power, np.abs(spectrum - wanted) ** power
    return np.asarray(part / (_EPS + part + rest))


def oracle_estimate(target: np.ndarray, mixture: np.ndarray, mask: MaskSettings | None) -> np.ndarray:
    """The estimate of one mask; without a mask the unprocessed mixture."""
    return Scene(target, mixture).estimate(mask)
