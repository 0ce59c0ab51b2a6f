"""BSSEval v4 per frame, by museval.

SDR, ISR, SIR and SAR in dB of one target against the pair (target, accompaniment). museval wants as many estimates as
references; the second one is a copy of the first, as in the authors' evaluation, and only the target's scores are kept:
they do not depend on the other estimate but through the silence of frames.

Conventions
-----------
Waves are ``(sample, channel)``. A frame in which the target, the accompaniment or the estimate is silent has no score
(NaN); neither has an infinite one. A song whose estimate or a reference is silent throughout has no score at all.

References
----------
Vincent, Gribonval and Févotte 2006; Stöter, Liutkus and Ito, SiSEC 2018 (museval).
"""

from __future__ import annotations

import warnings

import numpy as np

METRICS = ("SDR", "ISR", "SIR", "SAR")


def frame_starts(samples: int, window: int, hop: int) -> np.ndarray:
    """First samples of museval's frames; the last partial window is left out, a short song is one frame."""
    count = (samples - window + hop) // hop if window < samples else 1
    return np.arange(count) * hop


def score_frames(
    target: np.ndarray, accompaniment: np.ndarray, estimate: np.ndarray, window: int, hop: int
) -> dict[str, np.ndarray]:
    """Scores in dB per frame, each ``(frame,)``."""
    count = len(frame_starts(len(target), window, hop))
    if not (target.any() and accompaniment.any() and estimate.any()):
        return {metric: np.full(count, np.nan) for metric in METRICS}
    import museval.metrics

    references = np.stack([target, accompaniment]).astype(np.float64)
    estimates = np.stack([estimate, estimate]).astype(np.float64)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        sdr, isr, sir, sar, _ = museval.metrics.bss_eval(
            references, estimates, window=window, hop=hop, compute_permutation=False, bsseval_sources_version=False
        )
    values = dict(zip(METRICS, (sdr[0], isr[0], sir[0], sar[0]), strict=True))
    return {metric: np.where(np.isfinite(value), value, np.nan) for metric, value in values.items()}


def drop_reasons(
    target: np.ndarray, accompaniment: np.ndarray, estimate: np.ndarray, window: int, hop: int
) -> np.ndarray:
    """Why a frame has no score: 'silent target', 'silent accompaniment', 'silent estimate', or ''.

    Silent means, as in museval, that the sum over channels is zero at every sample of the frame.
    """
    reasons = np.full(len(frame_starts(len(target), window, hop)), "", dtype=object)
    named = {"silent estimate": estimate, "silent accompaniment": accompaniment, "silent target": target}
    for reason, wave in named.items():
        mono = wave.sum(axis=1)
        for frame, start in enumerate(frame_starts(len(target), window, hop)):
            if not mono[start : start + window].any():
                reasons[frame] = reason
    return reasons
