"""Scores of one target against its accompaniment, and material to score."""

from __future__ import annotations

import numpy as np

from reprosep.metrics import METRICS, References
from reprosep.metrics.frames import drop_reasons


def score_frames(
    target: np.ndarray, accompaniment: np.ndarray, estimate: np.ndarray, window: int, hop: int
) -> dict[str, np.ndarray]:
    """Scores per frame of ``(sample, channel)`` signals, NaN for what is not finite, and why frames are dropped."""
    references = References(np.stack([target, accompaniment]), window, hop)
    (scores,) = references.score(estimate[None], sources=[0])
    values = {metric: getattr(scores, metric)[0] for metric in METRICS}
    found = {metric: np.where(np.isfinite(value), value, np.nan) for metric, value in values.items()}
    sounding = dict(zip(("target", "accompaniment"), scores.reference_sounds, strict=True))
    return found | {"dropped": drop_reasons(sounding | {"estimate": scores.estimate_sounds[0]})}


def int16(wave: np.ndarray) -> np.ndarray:
    """A wave of full scale 1 rounded to 16 bits, float64."""
    return np.round(wave * 32768).clip(-32768, 32767) / 32768


def stems(sources: int, channels: int, samples: int, seed: int = 0) -> np.ndarray:
    """Coloured noise with pauses, a different colour for every source and related channels: 16 bits."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(sources, samples, channels))
    noise += 2 * noise[:, :, :1]  # what the channels have in common
    waves = np.empty_like(noise)
    for source in range(sources):
        pole = np.cos(0.3 + source)
        spectrum = np.fft.rfft(noise[source], axis=0)
        turn = np.exp(-1j * np.linspace(0, np.pi, len(spectrum)))[:, None]
        waves[source] = np.fft.irfft(spectrum / (1.2 - 2 * 0.9 * pole * turn + 0.81 * turn**2), samples, axis=0)
    return int16(0.1 * waves / np.abs(waves).std())


def mixed_estimates(references: np.ndarray, seed: int = 1) -> np.ndarray:
    """Each source with a delay, some of the others, and noise: 16 bits."""
    random = np.random.default_rng(seed)
    mixture = references.sum(axis=0)
    estimates = 0.8 * references + 0.15 * np.roll(mixture, 5, axis=0) + 0.1 * np.roll(references, 40, axis=1)
    return int16(estimates + 0.003 * random.normal(size=references.shape))
