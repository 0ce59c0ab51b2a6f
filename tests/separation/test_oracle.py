"""Estimates that need no training."""

from __future__ import annotations

import numpy as np
import pytest

from reprosep.params.work import IdealBinaryMask, IdealRatioMask, MaskSettings, WienerMask
from reprosep.separation.oracle import Scene, oracle_estimate

IBM = IdealBinaryMask(n_fft=2048, theta=0.5, power=1)
IRM = IdealRatioMask(n_fft=2048, power=1)
WIENER = WienerMask(n_fft=2048)
MASKS = pytest.mark.parametrize("mask", [IBM, IRM, WIENER], ids=["ibm", "irm", "wiener"])


def sounds(samples: int = 20000, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    time = np.arange(samples) / 16000
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 3000 * time)
    target, rest = (np.repeat(wave[None], channels, axis=0).astype(np.float32) for wave in (low, high))
    return target, target + rest


@MASKS
@pytest.mark.parametrize("channels", [1, 2])
def test_mask_separates_what_does_not_overlap(channels: int, mask: MaskSettings) -> None:
    target, mixture = sounds(channels=channels)
    found = oracle_estimate(target, mixture, mask)
    assert found.shape == target.shape
    inner = slice(2048, -2048)
    assert np.abs(found - target)[:, inner].max() < 0.01


@MASKS
@pytest.mark.parametrize("samples", [10, 100, 1024, 2047, 2048, 2049, 5000, 44100])
def test_length_is_kept(samples: int, mask: MaskSettings) -> None:
    target, mixture = sounds(samples)
    assert oracle_estimate(target, mixture, mask).shape == (1, samples)


@MASKS
def test_silent_target_gives_silence(mask: MaskSettings) -> None:
    target, mixture = sounds()
    assert not oracle_estimate(0 * target, mixture, mask).any()


@pytest.mark.parametrize("mask", [IRM, WIENER], ids=["irm", "wiener"])
def test_ratio_masks_of_target_and_rest_add_up_to_the_mixture(mask: MaskSettings) -> None:
    random = np.random.default_rng(0)
    target, rest = random.normal(size=(2, 1, 9000)).astype(np.float32)
    mixture = target + rest
    total = oracle_estimate(target, mixture, mask) + oracle_estimate(rest, mixture, mask)
    np.testing.assert_allclose(total, mixture, atol=1e-5)


def test_a_ratio_mask_of_power_two_is_the_wiener_like_one() -> None:
    target, mixture = sounds()
    power = oracle_estimate(target, mixture, IdealRatioMask(n_fft=2048, power=2))
    np.testing.assert_array_equal(power, oracle_estimate(target, mixture, WIENER))


def test_one_scene_serves_all_masks() -> None:
    """Spectra are kept from one mask to the next; another size makes new ones."""
    target, mixture = sounds(channels=2)
    scene = Scene(target, mixture)
    for mask in (IBM, IRM, None, IdealRatioMask(n_fft=512, power=1), WIENER):
        np.testing.assert_array_equal(scene.estimate(mask), oracle_estimate(target, mixture, mask))


def test_unprocessed_mixture_is_not_divided() -> None:
    target, mixture = sounds()
    assert oracle_estimate(target, mixture, None) is mixture
