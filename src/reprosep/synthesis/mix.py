"""Stems brought to one loudness, or given one gain, as int16 that never clips.

Conventions
-----------
Stems come as float32 `(samples,)` and leave as int16; the sum of equally loud stems is exact in integers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reprosep.synthesis.loudness import Loudness

FULL_SCALE = 32768
_ROUNDS = 8
_CLOSE = 1e-3  # dB
_FAINTEST = 1e-9


def equally_loud(
    stems: Sequence[np.ndarray], measured: Sequence[Loudness], loudness: float, peak: float
) -> tuple[list[np.ndarray], float]:
    """Stems of one loudness, and the gain that all of them and their sum got so that none exceeds `peak` dBFS.

    They have `loudness` LUFS times that gain. The stems are measured at the level at which they are written, since
    loudness is gated at a fixed level.
    """
    overall = 0.0  # dB
    for _ in range(_ROUNDS):
        gains = [10 ** (one.gain_to(loudness + overall) / 20) for one in measured]
        above = _above(stems, gains, peak)
        if above <= _CLOSE:
            break
        overall -= above
    rest = max(above, 0.0)  # a thousandth of a decibel or so, taken from all alike
    levelled = [as_int16(stem, gain * 10 ** (-rest / 20)) for stem, gain in zip(stems, gains, strict=True)]
    return levelled, float(10 ** ((overall - rest) / 20))


def common_gain(sounds: Sequence[np.ndarray], peak: float) -> float:
    """The gain with which the loudest of the sounds reaches `peak` dBFS."""
    loudest = max(float(np.abs(sound).max(initial=0.0)) for sound in sounds)
    return float(10 ** (peak / 20) / max(loudest, _FAINTEST))


def as_int16(sound: np.ndarray, gain: float) -> np.ndarray:
    """int16 samples of a sound with a gain."""
    return np.asarray(np.rint(sound * np.float32(gain * FULL_SCALE)).astype(np.int16))


def _above(stems: Sequence[np.ndarray], gains: Sequence[float], peak: float) -> float:
    """By how many dB the mixture, or a stem that others cancel in it, exceeds the peak; negative below it."""
    total = np.zeros_like(stems[0])
    loudest = 0.0
    for stem, gain in zip(stems, gains, strict=True):
        total += stem * np.float32(gain)
        loudest = max(loudest, float(np.abs(stem).max()) * gain)
    loudest = max(loudest, float(np.abs(total).max()))
    return float(20 * np.log10(loudest) - peak)
