"""Chunks of songs and the energy of their sources, and the losses of masks against plain statements."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reprosep.audio.chunks import audible, chunks, energies
from reprosep.experiments.sources.losses import ideal_masks, source_losses


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3), st.integers(0, 50), st.integers(1, 12))
def test_chunks_follow_each_other(sources: int, count: int, length: int) -> None:
    samples = np.random.default_rng(count).normal(size=(sources, count))
    whole = chunks(samples, length, keep_tail=False)
    assert whole.shape == (count // length, sources, length)
    for number, chunk in enumerate(whole):
        np.testing.assert_array_equal(chunk, samples[:, number * length : (number + 1) * length])
    padded = chunks(samples, length, keep_tail=True)
    joined = np.concatenate([*padded], axis=1) if len(padded) else np.zeros((sources, 0))
    np.testing.assert_array_equal(joined[:, :count], samples)
    assert not joined[:, count:].any() and joined.shape[1] - count < length
    np.testing.assert_allclose(energies(padded).sum(0), (samples**2).sum(1))


def test_the_threshold_of_silence_is_half() -> None:
    assert audible(np.array([[0.5, 9.0], [0.51, 9.0], [0.0, 9.0], [9.0, 0.49], [2.0, 0.6]]), 0.5).tolist() == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_losses_are_means_of_absolute_differences() -> None:
    torch.manual_seed(0)
    sources, mixture = torch.rand(2, 3, 4, 5) + 0.01, torch.rand(2, 1, 4, 5) * 0.1 + 0.01
    ideal = ideal_masks(sources, mixture)
    assert float(ideal.max()) == 10.0
    masks = torch.rand(2, 3, 4, 5) * 12
    for source in range(3):
        plain = np.minimum(sources[:, source] / mixture[:, 0], 10)
        direct = (masks[:, source] - plain).abs().mean()
        indirect = (masks[:, source] * mixture[:, 0] - plain * mixture[:, 0]).abs().mean()
        assert float(source_losses(masks, ideal, mixture, "direct")[source]) == pytest.approx(float(direct), rel=1e-5)
        assert float(source_losses(masks, ideal, mixture, "indirect")[source]) == pytest.approx(
            float(indirect), rel=1e-5
        )
