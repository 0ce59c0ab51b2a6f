"""Warping is bilinear interpolation at the published positions; unwarping takes it back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reprosep.audio.warp import unwarp, warp

LINEAR, WARPED = 512, 256


def interpolated(columns: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Linear interpolation along the first axis at fractional row numbers, in double precision."""
    low = np.clip(np.floor(positions).astype(int), 0, len(columns) - 2)
    share = (positions - low)[:, None]
    return (1 - share) * columns[low] + share * columns[low + 1]


def rows_of(positions: np.ndarray, bins: int) -> np.ndarray:
    """Fractional row numbers of positions in [-1, 1]."""
    return (positions + 1) / 2 * (bins - 1)


def test_against_numpy() -> None:
    spectrogram = np.random.default_rng(0).random((LINEAR, 20))
    v = np.linspace(-1, 1, WARPED)
    expected = interpolated(spectrogram, rows_of((21 ** ((v + 1) / 2) - 11) / 10, LINEAR))
    found = warp(torch.from_numpy(spectrogram)[None, None], WARPED)[0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    y = np.linspace(-1, 1, LINEAR)
    expected = interpolated(expected, rows_of(2 * np.log(10 * y + 11) / np.log(21) - 1, WARPED))
    np.testing.assert_allclose(unwarp(found[None, None], LINEAR)[0, 0], expected, atol=1e-4)


def test_low_bins_get_most_room() -> None:
    numbers = torch.arange(LINEAR, dtype=torch.float)[None, None, :, None].expand(1, 1, LINEAR, 3)
    spacing = warp(numbers, WARPED)[0, 0, :, 1].diff()
    assert float(spacing[-1] / spacing[0]) == pytest.approx(21, rel=0.05)
    assert (spacing > 0).all()


def interpolation_error(omega: float, bins: int) -> float:
    """Largest error of interpolating sin(omega n) twice, h^2 / 8 |f''| each: at steps of a bin, then of warped bins.

    At the upper end a warped bin is 21 ln(21) / 20 bins, and grows by ln(21) / bins of itself per bin.
    """
    step = 21 * np.log(21) / 20
    return float(omega**2 / 8 + (omega**2 * step**2 + omega * step * np.log(21) / bins) / 8)


@settings(max_examples=25, deadline=None)
@given(st.integers(64, 512), st.floats(0.01, 0.2), st.floats(0, 6))
def test_smooth_spectra_come_back(bins: int, rate: float, phase: float) -> None:
    omega = rate * 64 / bins
    smooth = 2 + torch.sin(omega * torch.arange(float(bins)) + phase)
    spectrogram = smooth[None, None, :, None].expand(1, 1, bins, 5)
    back = unwarp(warp(spectrogram, bins), bins)
    torch.testing.assert_close(back, spectrogram, atol=interpolation_error(omega, bins) + 1e-4, rtol=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.floats(0, 100))
def test_what_is_constant_stays(bins: int, warped: int, value: float) -> None:
    found = warp(torch.full((1, 2, bins, 4), value), warped)
    torch.testing.assert_close(found, torch.full((1, 2, warped, 4), value), atol=1e-3, rtol=1e-5)


def test_without_aligned_corners_the_edges_fade() -> None:
    found = warp(torch.ones(1, 1, LINEAR, 8), WARPED, align_corners=False)
    assert float(found[0, 0, 0, 4]) == pytest.approx(0.5)
    torch.testing.assert_close(found[..., 5:-5, 1:-1], torch.ones(1, 1, WARPED - 10, 6))
