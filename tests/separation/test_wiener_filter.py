"""The Wiener filter's own properties; that it is Open-Unmix's stands in tests/parity."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.params.work import WienerFilter
from reprosep.separation.wiener import filtered_waves, wiener_filter

PLAIN = WienerFilter(iterations=0)
ONCE = WienerFilter()


def scene(seed: int, sources: int, channels: int, bins: int = 5, frames: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    """Magnitudes that are off by up to a half, and a mixture."""
    random = np.random.default_rng(seed)
    shape = (sources, channels, bins, frames)
    parts = (random.normal(size=shape) + 1j * random.normal(size=shape)) * random.random(
        (sources, 1, bins, frames)
    ) ** 3
    magnitudes = np.abs(parts) * random.uniform(0.5, 1.5, size=shape)
    return torch.from_numpy(magnitudes), torch.from_numpy(parts.sum(axis=0))


@settings(max_examples=40)
@given(
    seed=some.integers(0, 1000),
    channels=some.integers(1, 2),
    seconds=some.floats(0.01, 0.5),
    window=some.integers(1, 40),
)
def test_without_iterations_it_is_magnitudes_with_the_mixtures_phase(
    seed: int, channels: int, seconds: float, window: int
) -> None:
    random = np.random.default_rng(seed)
    wave = random.normal(size=(channels, round(8000 * seconds))).astype(np.float32)
    spectrum = ChunkedSpectrum(wave, 128, 32)
    magnitudes = [random.random((channels, 65, spectrum.frames)).astype(np.float32) for _ in range(2)]
    gates = [None, random.random(spectrum.frames) < 0.7]
    plain = WienerFilter(iterations=0, window_frames=window)
    found = filtered_waves(spectrum, magnitudes, gates, plain, residual=False)
    for one, expected, gate in zip(found, magnitudes, gates, strict=True):
        np.testing.assert_allclose(one, spectrum.inverse(expected, gate, 16), atol=1e-5)


@settings(max_examples=40)
@given(
    seed=some.integers(0, 1000),
    sources=some.integers(1, 4),
    channels=some.integers(1, 3),
    iterations=some.integers(0, 3),
    softmask=some.booleans(),
)
def test_with_a_residual_all_sources_are_the_mixture(
    seed: int, sources: int, channels: int, iterations: int, softmask: bool
) -> None:
    """Exactly before the first iteration; after it but for the filter's own noise, of power 1e-5."""
    magnitudes, mixture = scene(seed, sources, channels)
    found = wiener_filter(magnitudes, mixture, WienerFilter(iterations=iterations, softmask=softmask), residual=True)
    assert found.shape == (sources + 1, *mixture.shape)
    error = (found.sum(dim=0) - mixture).abs()
    assert error.max() < 1e-9 if not iterations else error.median() < 0.02


def test_true_magnitudes_of_sources_that_lie_apart_are_separated_by_where_they_are() -> None:
    """Two sources at one place each in the stereo image: the filter finds both, also where they sound together."""
    random = np.random.default_rng(0)
    places = np.array([[1.0, 0.2], [0.3, -1.0]])
    sounds = random.normal(size=(2, 5, 200)) + 1j * random.normal(size=(2, 5, 200))
    truth = torch.from_numpy(places[:, :, None, None] * sounds[:, None])
    mixture = truth.sum(dim=0)
    found = wiener_filter(truth.abs(), mixture, WienerFilter(iterations=30), residual=False)
    plain = wiener_filter(truth.abs(), mixture, PLAIN, residual=False)
    before, after = ((one - truth).abs().square().mean() for one in (plain, found))
    assert after < before / 2


@pytest.mark.parametrize(("channels", "residual"), product((1, 2, 3), (False, True)))
def test_silence_stays_silence(channels: int, residual: bool) -> None:
    magnitudes, mixture = scene(1, 3, channels)
    magnitudes[..., 5:9], mixture[..., 5:9] = 0, 0
    found = wiener_filter(magnitudes, mixture, ONCE, residual)
    assert torch.isfinite(found.abs()).all() and not found[..., 5:9].any()
    nothing = wiener_filter(torch.zeros_like(magnitudes), torch.zeros_like(mixture), ONCE, residual)
    assert not nothing.any()


def test_what_a_gate_silences_stays_silent() -> None:
    magnitudes, mixture = scene(2, 2, 2)
    magnitudes[0, ..., 10:15] = 0
    assert not wiener_filter(magnitudes, mixture, ONCE, residual=False)[0, ..., 10:15].any()


def test_two_channels_are_solved_as_any_number_is() -> None:
    """A third channel that is silent changes nothing but the mean of the powers."""
    magnitudes, mixture = scene(3, 3, 2)
    silent = torch.zeros_like(magnitudes[:, :1]), torch.zeros_like(mixture[:1])
    more, wider = torch.cat([magnitudes, silent[0]], dim=1), torch.cat([mixture, silent[1]])
    found = wiener_filter(more, wider, ONCE, residual=False)
    torch.testing.assert_close(
        found[:, :2], wiener_filter(magnitudes, mixture, ONCE, residual=False), atol=1e-3, rtol=0
    )
    assert not found[:, 2].any()


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_the_level_does_not_matter_above_the_largest_bin(channels: int) -> None:
    magnitudes, mixture = scene(4, 2, channels)
    magnitudes, mixture = 100 * magnitudes, 100 * mixture
    found = wiener_filter(magnitudes, mixture, ONCE, residual=False)
    torch.testing.assert_close(wiener_filter(8 * magnitudes, 8 * mixture, ONCE, residual=False), 8 * found)


def test_one_source_needs_a_residual() -> None:
    magnitudes, mixture = scene(5, 1, 2)
    with pytest.raises(ValueError, match="two sources"):
        wiener_filter(magnitudes, mixture, ONCE, residual=False)
