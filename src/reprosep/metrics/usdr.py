"""SDR as the separation challenges of today define it: no filters, no projections.

*uSDR* ("utterance level") is the ratio over the whole song and all its channels,

    uSDR = 10 log10 ((Σ s² + δ) / (Σ (ŝ - s)² + δ)),   δ = 1e-7,

averaged over songs. *cSDR* ("chunk level") is museval's SDR of one-second frames: their median over a song, then the
median over songs; it is the SDR of :func:`reprosep.metrics.bsseval_v4`.

References
----------
Mitsufuji et al.: Music Demixing Challenge 2021. Frontiers in Signal Processing, 2022 (equation 1; the challenges' code
adds δ to both sums). Fabbro et al.: The Sound Demixing Challenge 2023, Music Demixing Track. TISMIR 2024.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reprosep.metrics.bsseval import AnySignals
from reprosep.metrics.signals import as_signals
from reprosep.metrics.whole_song import chosen, read_together

_DELTA = 1e-7


def usdr(references: AnySignals, estimates: AnySignals, sources: Sequence[int] | None = None) -> np.ndarray:
    """uSDR in dB, ``(source,)``.

    Parameters
    ----------
    references, estimates
        ``(source, sample)`` or ``(source, sample, channel)``, full scale 1; estimates are cut or padded with zeros.
    sources
        Which references are estimated; all, in order, when not given.

    Raises
    ------
    ValueError
        When shapes do not fit or a sample is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> references = np.random.default_rng(0).normal(scale=0.1, size=(2, 8000, 2))
    >>> usdr(references, 0.9 * references).round(1)
    array([20., 20.])
    """
    s, e = as_signals(references), as_signals(estimates)
    numbers = chosen(s, e, sources)
    signal = error = np.full(len(numbers), _DELTA)
    for true, estimate in read_together(s, e):
        signal = signal + (true[numbers] ** 2).sum(axis=(1, 2))
        error = error + ((estimate - true[numbers]) ** 2).sum(axis=(1, 2))
    return 10 * np.log10(signal / error)
