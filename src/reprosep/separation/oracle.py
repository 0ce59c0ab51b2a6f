"""Estimates that need no training: the ideal binary mask and the unprocessed mixture.

Shape: waves ``(channel, sample)``.

References
----------
sigsep-mus-oracle: IBM.py (scipy's STFT, half overlap, per channel, mask where ``|Y|^a / (eps + |X|^a) >= theta``).
Its MIX.py divides the mixture by the number of sources; the paper's input-SDR of about -6 dB for about five stems of
equal level shows that the mixture is used undivided there.
"""

from __future__ import annotations

import numpy as np

from reprosep.params import IdealBinaryMask


def ideal_binary_mask(target: np.ndarray, mixture: np.ndarray, settings: IdealBinaryMask) -> np.ndarray:
    """The mixture where the target holds at least `theta` of its magnitude, silence elsewhere."""
    import scipy.signal  # here, since it takes longer to load than most runs need for a song

    size = min(settings.n_fft, mixture.shape[1])
    spectrum = scipy.signal.stft(mixture, nperseg=size)[-1]
    wanted = scipy.signal.stft(target, nperseg=size)[-1]
    ratio = np.abs(wanted) ** settings.power / (np.finfo(float).eps + np.abs(spectrum) ** settings.power)
    wave = scipy.signal.istft(spectrum * (ratio >= settings.theta), nperseg=size)[1]
    return np.asarray(wave[:, : mixture.shape[1]], dtype=np.float32)


def oracle_estimate(name: str, target: np.ndarray, mixture: np.ndarray, settings: IdealBinaryMask) -> np.ndarray:
    """The estimate of oracle `name`: ``ibm`` or ``input``."""
    return mixture if name == "input" else ideal_binary_mask(target, mixture, settings)
