"""Our Wiener filter against ``openunmix.filtering``, which the published scores of Open-Unmix were made with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from openunmix_package import openunmix
from reprosep.params.work import WienerFilter
from reprosep.separation.wiener import filtered_frames, wiener_filter

Theirs = Any


@pytest.fixture(scope="module")
def theirs() -> Theirs:
    """The package's module."""
    return openunmix("filtering")


def song(
    channels: int, sources: int, level: float = 30.0, frames: int = 60, bins: int = 9
) -> tuple[torch.Tensor, torch.Tensor]:
    """Magnitudes that do not quite fit, and a mixture; silent for some frames and in one bin."""
    random = np.random.default_rng([channels, sources, frames])
    shape = (sources, channels, bins, frames)
    parts = random.normal(size=shape) + 1j * random.normal(size=shape)
    parts *= level * random.random((sources, 1, bins, frames)) ** 4
    parts[..., 20:27] = 0
    parts[:, :, 3] = 0
    magnitudes = np.abs(parts) * random.uniform(0.5, 1.5, size=shape)
    return torch.from_numpy(magnitudes), torch.from_numpy(parts.sum(axis=0))


def reference(theirs: Theirs, magnitudes: torch.Tensor, mixture: torch.Tensor, **settings: Any) -> torch.Tensor:
    """The package's estimates, in our order of axes; its own copies, since it writes into the mixture."""
    mix = torch.view_as_real(mixture.permute(2, 1, 0).contiguous()).clone()
    found = theirs.wiener(magnitudes.permute(3, 2, 1, 0).clone(), mix, **settings)
    return torch.view_as_complex(found.permute(4, 2, 1, 0, 3).contiguous())


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape and found.dtype == torch.complex128
    error = (found - expected).abs().max() / expected.abs().max()
    assert float(error) < 1e-6


@pytest.mark.parametrize("softmask", [False, True])
@pytest.mark.parametrize("iterations", [0, 1, 2])
@pytest.mark.parametrize(("channels", "sources"), [(1, 2), (1, 4), (2, 2), (2, 4)])
def test_estimates(theirs: Theirs, channels: int, sources: int, iterations: int, softmask: bool) -> None:
    magnitudes, mixture = song(channels, sources)
    expected = reference(theirs, magnitudes, mixture, iterations=iterations, softmask=softmask)
    settings = WienerFilter(iterations=iterations, softmask=softmask)
    assert_close(wiener_filter(magnitudes, mixture, settings, residual=False), expected)


@pytest.mark.parametrize("iterations", [0, 1, 2])
@pytest.mark.parametrize(("channels", "sources"), [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_a_residual(theirs: Theirs, channels: int, sources: int, iterations: int) -> None:
    """Without silence, of which the package's residual makes ones: it sets empty bins of the mixture to that."""
    magnitudes, mixture = song(channels, sources)
    sounding = [frame for frame in range(60) if not 20 <= frame < 27]
    bins = [0, 1, 2, 4, 5, 6, 7, 8]
    magnitudes, mixture = magnitudes[:, :, bins][..., sounding], mixture[:, bins][..., sounding]
    expected = reference(theirs, magnitudes, mixture, iterations=iterations, residual=True)
    assert_close(wiener_filter(magnitudes, mixture, WienerFilter(iterations=iterations), residual=True), expected)


@pytest.mark.parametrize("level", [1e-6, 1e-3, 1.0, 1e4])
def test_levels(theirs: Theirs, level: float) -> None:
    magnitudes, mixture = song(2, 4, level, bins=300)
    expected = reference(theirs, magnitudes, mixture, iterations=1)
    assert_close(wiener_filter(magnitudes, mixture, WienerFilter(), residual=False), expected)


def test_windows_are_those_of_their_separator(theirs: Theirs) -> None:
    """Its Separator filters windows one by one; here in double precision, and rounded at the end."""
    magnitudes, mixture = song(2, 3, frames=130)
    expected = torch.cat(
        [
            reference(theirs, magnitudes[..., first : first + 50], mixture[..., first : first + 50], iterations=1)
            for first in (0, 50, 100)
        ],
        dim=-1,
    )
    found = filtered_frames(magnitudes, mixture, WienerFilter(window_frames=50), residual=False)
    assert found.dtype == torch.complex64
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-6


def test_their_empty_bins_become_ones(theirs: Theirs) -> None:
    """The one thing that is not as they have it, and why."""
    magnitudes, mixture = song(2, 2)
    empty = (mixture == 0).all(dim=0)
    expected = reference(theirs, magnitudes, mixture, iterations=0, residual=True)
    assert (expected[2][:, empty] == 1).all()
    assert not wiener_filter(magnitudes, mixture, WienerFilter(), residual=True)[2][:, empty].any()
