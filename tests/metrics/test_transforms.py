"""With ducc0 and without it the scores are the same but for rounding."""

from __future__ import annotations

import numpy as np
import pytest

from reprosep.metrics import METRICS, bsseval_v4, transforms
from scores import mixed_estimates, stems


@pytest.mark.skipif(transforms.ducc is None, reason="needs ducc0, which make installs")
def test_scores_do_not_need_ducc0(monkeypatch: pytest.MonkeyPatch) -> None:
    references = stems(2, 2, 9000)
    estimates = mixed_estimates(references)
    found = bsseval_v4(references, estimates, 3000)
    monkeypatch.setattr(transforms, "ducc", None)
    other = bsseval_v4(references, estimates, 3000)
    for metric in METRICS:
        np.testing.assert_allclose(getattr(found, metric), getattr(other, metric), rtol=0, atol=1e-8)


@pytest.mark.parametrize("length", [8, 9, 2304, 2025])
@pytest.mark.parametrize("without", [False, True])
def test_what_is_transformed_comes_back(length: int, without: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if without:
        monkeypatch.setattr(transforms, "ducc", None)
    rows = np.random.default_rng(0).normal(size=(2, 3, length))
    spectra = transforms.rfft(rows, np.empty((2, 3, length // 2 + 1), complex))
    np.testing.assert_allclose(spectra, np.fft.rfft(rows), rtol=0, atol=1e-12 * length)
    np.testing.assert_allclose(transforms.irfft(spectra, np.empty(rows.shape)), rows, rtol=0, atol=1e-13)
    columns = np.ascontiguousarray(spectra.transpose(2, 0, 1))
    inverse = transforms.irfft_first(columns, np.empty((length, 2, 3)))
    np.testing.assert_allclose(inverse, rows.transpose(2, 0, 1), rtol=0, atol=1e-13)
