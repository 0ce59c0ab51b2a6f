"""Correlations of long songs lie in a temporary file: the same scores, and one sentence where there is no room."""

from __future__ import annotations

import shutil
import tempfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from reprosep.metrics import METRICS, References, frame_lags
from reprosep.metrics.frame_lags import FrameLags
from scores import mixed_estimates, stems

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(frame_lags, "_IN_MEMORY", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_frames_come_back_as_often_as_wanted(in_a_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_lags, "_BATCH", 3 * 8 * 12)
    arrays = np.random.default_rng(0).normal(size=(7, 3, 2, 2))
    kept = FrameLags(7, (3, 2, 2))
    for array in arrays:
        kept.append(array)
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(kept)), arrays)
    assert not list(in_a_file.iterdir())  # the file has no name


def test_scores_are_the_same(in_a_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    references = stems(2, 2, 9000)
    estimates = [mixed_estimates(references, seed) for seed in (0, 1)]
    kept = References(references, 1500)
    found = [kept.score(estimate)[0] for estimate in estimates]
    monkeypatch.setattr(frame_lags, "_IN_MEMORY", 1 << 30)
    for ours, estimate in zip(found, estimates, strict=True):
        (wanted,) = References(references, 1500).score(estimate)
        for metric in METRICS:
            np.testing.assert_allclose(getattr(ours, metric), getattr(wanted, metric), rtol=0, atol=1e-9)


def test_no_room_is_told_before_anything_is_computed(in_a_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 1000))
    with pytest.raises(OSError, match=r"no room for a temporary file of \d+ MB.*TMPDIR"):
        References(stems(2, 2, 90_000), 500).score(stems(2, 2, 90_000, 1))
