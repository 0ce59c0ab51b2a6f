"""Estimates that need no training."""

from __future__ import annotations

import numpy as np
import pytest

from reprosep.params import IdealBinaryMask
from reprosep.separation.oracle import ideal_binary_mask, oracle_estimate

SETTINGS = IdealBinaryMask(n_fft=2048, theta=0.5, power=1)


def sounds(samples: int = 20000, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    time = np.arange(samples) / 16000
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 3000 * time)
    target, rest = (np.repeat(wave[None], channels, axis=0).astype(np.float32) for wave in (low, high))
    return target, target + rest


@pytest.mark.parametrize("channels", [1, 2])
def test_mask_separates_what_does_not_overlap(channels: int) -> None:
    target, mixture = sounds(channels=channels)
    found = ideal_binary_mask(target, mixture, SETTINGS)
    assert found.shape == target.shape
    inner = slice(2048, -2048)
    assert np.abs(found - target)[:, inner].max() < 0.01


@pytest.mark.parametrize("samples", [10, 100, 1024, 2047, 2048, 2049, 5000, 44100])
def test_length_is_kept(samples: int) -> None:
    target, mixture = sounds(samples)
    assert ideal_binary_mask(target, mixture, SETTINGS).shape == (1, samples)


def test_silent_target_gives_silence() -> None:
    target, mixture = sounds()
    assert not ideal_binary_mask(0 * target, mixture, SETTINGS).any()


def test_unprocessed_mixture_is_not_divided() -> None:
    target, mixture = sounds()
    assert oracle_estimate("input", target, mixture, SETTINGS) is mixture
