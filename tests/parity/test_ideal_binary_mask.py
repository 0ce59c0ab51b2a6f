"""The ideal binary mask against sigsep-mus-oracle's, restated plainly per channel."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as some

from reprosep.params import IdealBinaryMask
from reprosep.separation.oracle import ideal_binary_mask


def plain(target: np.ndarray, mixture: np.ndarray, size: int, theta: float, power: float) -> np.ndarray:
    found = np.zeros_like(mixture, dtype=float)
    for channel in range(len(mixture)):
        _, _, X = scipy.signal.stft(mixture[channel], nperseg=size)
        _, _, Y = scipy.signal.stft(target[channel], nperseg=size)
        for bin_, frame in np.ndindex(X.shape):
            ratio = abs(Y[bin_, frame]) ** power / (np.finfo(float).eps + abs(X[bin_, frame]) ** power)
            X[bin_, frame] *= 1.0 if ratio >= theta else 0.0
        _, wave = scipy.signal.istft(X, nperseg=size)
        found[channel] = wave[: mixture.shape[1]]
    return found


@settings(max_examples=15, deadline=None)
@given(
    samples=some.integers(300, 1500),
    channels=some.integers(1, 2),
    theta=some.sampled_from([0.3, 0.5, 0.7]),
    power=some.sampled_from([1.0, 2.0]),
)
def test_equals_the_plain_loop(samples: int, channels: int, theta: float, power: float) -> None:
    random = np.random.default_rng(samples)
    target, rest = random.normal(size=(2, channels, samples)).astype(np.float32)
    mixture = target + rest
    found = ideal_binary_mask(target, mixture, IdealBinaryMask(n_fft=256, theta=theta, power=power))
    np.testing.assert_allclose(found, plain(target, mixture, 256, theta, power), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2])
def test_at_the_oracles_own_size(channels: int) -> None:
    random = np.random.default_rng(0)
    target, rest = random.normal(size=(2, channels, 9000)).astype(np.float32)
    found = ideal_binary_mask(target, target + rest, IdealBinaryMask(n_fft=2048, theta=0.5, power=1))
    np.testing.assert_allclose(found, plain(target, target + rest, 2048, 0.5, 1), atol=1e-5)
