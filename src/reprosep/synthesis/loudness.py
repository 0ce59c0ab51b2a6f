"""Integrated loudness (ITU-R BS.1770-4), and stems brought to one loudness.

Gates are absolute, so that loudness does not simply move with the gain: :class:`Loudness` filters a sound once and then
tells its loudness at any gain.
"""

from __future__ import annotations

import numpy as np
import pyloudnorm

_ABSOLUTE_GATE = -70.0  # LUFS
_RELATIVE_GATE = -10.0  # LU below what passes the absolute gate
_OFFSET = -0.691
_ROUNDS = 8
_CLOSE = 1e-3  # LU


class Loudness:
    """The K-weighted energy of the gating blocks of one mono sound."""

    def __init__(self, sound: np.ndarray, sample_rate: int) -> None:
        meter = pyloudnorm.Meter(sample_rate)
        weighted = sound.astype(np.float64)
        for stage in meter._filters.values():
            weighted = stage.apply_filter(weighted)
        block, step = meter.block_size, 1 - meter.overlap
        numbers = np.arange(max(int(np.round((len(sound) / sample_rate - block) / (block * step))) + 1, 0))
        first = (block * (numbers * step) * sample_rate).astype(int)
        last = np.minimum((block * (numbers * step + 1) * sample_rate).astype(int), len(sound))
        energy = np.concatenate([[0.0], np.cumsum(weighted**2)])
        self._blocks = np.maximum(energy[last] - energy[first], 0.0) / (block * sample_rate)

    def at(self, gain: float = 0.0) -> float:
        """LUFS at a gain in dB; minus infinity for silence and for sound shorter than a gating block."""
        energy = self._blocks * 10 ** (gain / 10)
        loud = energy[energy > _energy(_ABSOLUTE_GATE)]
        if not len(loud):
            return -np.inf
        gated = loud[loud > np.mean(loud) * 10 ** (_RELATIVE_GATE / 10)]
        return float(_OFFSET + 10 * np.log10(np.mean(gated)))

    def gain_to(self, loudness: float) -> float:
        """The gain in dB that brings the sound to `loudness`; it must not be silent."""
        # From above, where the gate passes most: what is silent at its own level may be loud at the wanted one.
        gain = loudness - (_OFFSET + 10 * np.log10(np.max(self._blocks)))
        for _ in range(_ROUNDS):
            short = loudness - self.at(gain)
            gain += short
            if abs(short) < _CLOSE:
                break
        return float(gain)

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing that a gain could make loud."""
        return not len(self._blocks) or float(np.max(self._blocks)) <= 0


def _energy(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


def loudness_of(stem: np.ndarray, sample_rate: int) -> float:
    """LUFS of a stem `(samples, channels)` where it plays; from the RMS when it is shorter than a gating block."""
    meter = pyloudnorm.Meter(sample_rate)
    if len(stem) > meter.block_size * sample_rate and np.isfinite(measured := meter.integrated_loudness(stem)):
        return float(measured)
    playing = stem[np.abs(stem).max(axis=1) > 0]
    if not len(playing):
        raise ValueError("a stem in which nothing plays")
    return float(20 * np.log10(np.sqrt(np.mean(playing**2)) + 1e-9))
