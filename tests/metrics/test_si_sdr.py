"""Scale-invariant ratios and the challenges' SDR against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from reprosep.metrics import bsseval_v4, si_sdr, usdr
from scores import mixed_estimates, stems


def plain_si_sdr(s: np.ndarray, estimate: np.ndarray) -> float:
    """Le Roux et al. 2019, equation 3."""
    target = (estimate @ s) / (s @ s) * s
    return float(10 * np.log10((target**2).sum() / ((estimate - target) ** 2).sum()))


@given(seed=some.integers(0, 100), sources=some.integers(1, 4), scale=some.floats(0.01, 100))
def test_definition_and_scale(seed: int, sources: int, scale: float) -> None:
    references = stems(sources, 1, 2000, seed)[:, :, 0]
    estimates = mixed_estimates(references[:, :, None], seed)[:, :, 0]
    found = si_sdr(references, scale * estimates)
    expected = [plain_si_sdr(s, e) for s, e in zip(references, estimates, strict=True)]
    np.testing.assert_allclose(found.SI_SDR, expected, atol=1e-9)
    together = 10 ** (-found.SI_SIR / 10) + 10 ** (-found.SI_SAR / 10)
    np.testing.assert_allclose(10 ** (-found.SI_SDR / 10), together, rtol=1e-9)


def test_interference_is_what_the_other_references_explain() -> None:
    s, other = stems(2, 1, 3000)[:, :, 0]
    found = si_sdr(np.stack([s, other]), np.stack([s + 0.1 * other, other]))
    assert found.SI_SAR[0] > 200
    assert found.SI_SIR[0] == pytest.approx(found.SI_SDR[0], abs=1e-9)


def test_zero_mean() -> None:
    references = stems(2, 1, 3000)[:, :, 0]
    estimates = mixed_estimates(references[:, :, None])[:, :, 0]
    shifted = si_sdr(references + 0.3, estimates - 0.2, zero_mean=True)
    centred = [signals - signals.mean(axis=1, keepdims=True) for signals in (references, estimates)]
    np.testing.assert_allclose(shifted.SI_SDR, si_sdr(*centred).SI_SDR, atol=1e-9)


def test_long_songs_are_read_in_pieces() -> None:
    references = stems(2, 2, 300_000)
    estimates = mixed_estimates(references)
    found = si_sdr(references, estimates)
    expected = [plain_si_sdr(s.T.ravel(), e.T.ravel()) for s, e in zip(references, estimates, strict=True)]
    np.testing.assert_allclose(found.SI_SDR, expected, atol=1e-9)


def test_some_sources_and_silence() -> None:
    references = stems(3, 1, 3000)[:, :, 0]
    found = si_sdr(references, np.stack([np.zeros(3000), references[1] + 0.1 * references[0]]), sources=[2, 1])
    assert np.isnan(found.SI_SDR[0])
    assert np.isfinite(found.SI_SDR[1])
    with pytest.raises(ValueError, match="expected 3"):
        si_sdr(references, references[:2])


def test_usdr_is_the_challenges() -> None:
    references = stems(2, 2, 200_000)
    estimates = mixed_estimates(references)[:, :150_000]
    padded = np.pad(estimates, ((0, 0), (0, 50_000), (0, 0)))
    error = ((padded - references) ** 2).sum(axis=(1, 2))
    expected = 10 * np.log10(((references**2).sum(axis=(1, 2)) + 1e-7) / (error + 1e-7))
    np.testing.assert_allclose(usdr(references, estimates), expected, atol=1e-9)


def test_usdr_of_the_whole_song_is_the_sdr_of_one_frame() -> None:
    references = stems(2, 2, 9000)
    estimates = mixed_estimates(references)
    whole = bsseval_v4(references, estimates, window=None, metrics=("SDR",))
    np.testing.assert_allclose(usdr(references, estimates), whole.SDR[:, 0], atol=1e-6)
