"""Music-like stems and estimates of 16 bits from a seed, for benchmarks."""

from __future__ import annotations

import numpy as np
import scipy.signal

RATE = 44100
_LOWEST_HZ = (55.0, 110.0, 220.0, 330.0)
_PARTIALS = 12
_LARGEST = 32767
_ROOM = 4000  # samples of reverberation


def stems(sources: int, channels: int, seconds: float, seed: int = 0) -> np.ndarray:
    """Stems, int16 ``(source, sample, channel)``: notes with partials, noise bursts in the last one."""
    random = np.random.default_rng(seed)
    waves = np.stack([_stem(random, number, sources, round(seconds * RATE)) for number in range(sources)])
    pans = random.uniform(0.3, 1.0, size=(sources, 1, channels))
    room = 0.05 * random.normal(size=(sources, _ROOM, channels)) * np.exp(-np.arange(_ROOM) / 800)[:, None]
    room[:, 0] += 1.0  # direct sound; the channels' echoes differ
    wet = scipy.signal.oaconvolve(waves[:, :, None] * pans, room, axes=1)[:, : waves.shape[1]]
    return np.round(0.5 * _LARGEST * wet / np.abs(wet).max()).astype(np.int16)


def _stem(random: np.random.Generator, number: int, sources: int, samples: int) -> np.ndarray:
    wave, start = np.zeros(samples), 0
    while start < samples:
        length = min(int(random.uniform(0.1, 0.8) * RATE), samples - start)
        time = np.arange(length) / RATE
        if number == sources - 1:
            note = random.normal(size=length) * np.exp(-20 * time)
        else:
            hertz = _LOWEST_HZ[number % len(_LOWEST_HZ)] * 2 ** (random.integers(0, 25) / 12)
            note = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, _PARTIALS)) * np.exp(-3 * time)
        wave[start : start + length] = note + 0.003 * random.normal(size=length)
        start += length
    return wave / np.abs(wave).max()


def soft_mask_estimates(references: np.ndarray, seed: int = 1) -> np.ndarray:
    """What ratio masks with errors take out of the mixture: int16 ``(source, sample, channel)``."""
    random, samples = np.random.default_rng(seed), references.shape[1]
    spectra = scipy.signal.stft(references.astype(float), nperseg=4096, axis=1)[2]  # (source, bin, channel, frame)
    power = np.abs(spectra) ** 2 * np.exp(random.normal(size=spectra.shape))
    masked = spectra.sum(axis=0) * power / (power.sum(axis=0) + 1e-9)
    waves = scipy.signal.istft(masked, nperseg=4096, freq_axis=1, time_axis=3)[1].transpose(0, 2, 1)
    return np.round(waves[:, :samples]).clip(-_LARGEST, _LARGEST).astype(np.int16)
