"""The ideal masks against sigsep-mus-oracle's, restated plainly per channel, bin and frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as some

from reprosep.params.work import IdealBinaryMask, IdealRatioMask, MaskSettings, WienerMask
from reprosep.separation.oracle import oracle_estimate

EPS = np.finfo(float).eps
Mask = Callable[[float, float, float], float]
"""From the magnitudes of target, accompaniment and mixture in one bin of one frame."""


def binary(theta: float, power: float) -> Mask:
    """IBM.py: 1 where the target is at least `theta` of the mixture."""
    return lambda target, rest, mixture: float(target**power / (EPS + mixture**power) >= theta)


def ratio(power: float) -> Mask:
    """IRM.py: the model starts at eps and sums over the sources."""

    def mask(target: float, rest: float, mixture: float) -> float:
        model = EPS
        for source in (target, rest):
            model += source**power
        return target**power / model

    return mask


def plain(target: np.ndarray, mixture: np.ndarray, size: int, mask: Mask) -> np.ndarray:
    found = np.zeros_like(mixture, dtype=float)
    for channel in range(len(mixture)):
        _, _, X = scipy.signal.stft(mixture[channel], nperseg=size)
        _, _, Y = scipy.signal.stft(target[channel], nperseg=size)
        _, _, Z = scipy.signal.stft((mixture - target)[channel], nperseg=size)
        for bin_, frame in np.ndindex(X.shape):
            values = (float(abs(spectrum[bin_, frame])) for spectrum in (Y, Z, X))
            X[bin_, frame] *= mask(*values)
        _, wave = scipy.signal.istft(X, nperseg=size)
        found[channel] = wave[: mixture.shape[1]]
    return found


def noise(samples: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(samples)
    target, rest = random.normal(size=(2, channels, samples)).astype(np.float32)
    return target, target + rest


@settings(max_examples=15, deadline=None)
@given(
    samples=some.integers(300, 1500),
    channels=some.integers(1, 2),
    theta=some.sampled_from([0.3, 0.5, 0.7]),
    power=some.sampled_from([1.0, 2.0]),
)
def test_the_binary_mask_equals_the_plain_loop(samples: int, channels: int, theta: float, power: float) -> None:
    target, mixture = noise(samples, channels)
    found = oracle_estimate(target, mixture, IdealBinaryMask(n_fft=256, theta=theta, power=power))
    np.testing.assert_allclose(found, plain(target, mixture, 256, binary(theta, power)), atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(
    samples=some.integers(300, 1500),
    channels=some.integers(1, 2),
    power=some.sampled_from([0.5, 1.0, 2.0]),
)
def test_the_ratio_mask_equals_the_plain_loop(samples: int, channels: int, power: float) -> None:
    target, mixture = noise(samples, channels)
    found = oracle_estimate(target, mixture, IdealRatioMask(n_fft=256, power=power))
    np.testing.assert_allclose(found, plain(target, mixture, 256, ratio(power)), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (IdealBinaryMask(n_fft=2048, theta=0.5, power=1), binary(0.5, 1)),
        (IdealRatioMask(n_fft=2048, power=1), ratio(1)),
        (WienerMask(n_fft=2048), ratio(2)),
    ],
    ids=["ibm", "irm", "wiener"],
)
def test_at_the_oracles_own_size(mask: MaskSettings, expected: Mask, channels: int) -> None:
    target, mixture = noise(9000, channels)
    np.testing.assert_allclose(
        oracle_estimate(target, mixture, mask), plain(target, mixture, 2048, expected), atol=1e-5
    )
