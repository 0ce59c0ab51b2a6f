"""Gates against the released code restated, and what a silent estimate does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import functional

from reprosep.experiments.target.estimate import separate
from reprosep.metrics import METRICS
from reprosep.models.iass import IASS
from reprosep.params.work import Separation
from reprosep.separation.gate import gate_for, hard_gate, median_filter
from scores import score_frames
from synthetic import make_params

SETTINGS = Separation(chunk_frames=64, chunks_at_once=1, threshold=0.5, median_frames=21)


def released_median(gate: np.ndarray, frames: int) -> np.ndarray:
    """Reflect padding, all windows, their median: the released code's filter of size (1, frames)."""
    half = frames // 2
    padded = functional.pad(torch.from_numpy(gate.astype(np.float32))[None, None], (half, half), mode="reflect")
    return padded.unfold(2, frames, 1).median(dim=-1).values[0, 0].numpy().astype(bool)


@given(
    gate=some.lists(some.booleans(), min_size=12, max_size=200),
    half=some.integers(0, 10),
)
def test_median_filter_equals_the_released_one(gate: list[bool], half: int) -> None:
    array, frames = np.array(gate), 2 * half + 1
    np.testing.assert_array_equal(median_filter(array, frames), released_median(array, frames))


@pytest.mark.parametrize("length", [1, 2, 5, 11])
def test_median_filter_of_a_song_shorter_than_itself(length: int) -> None:
    for value in (False, True):
        assert (median_filter(np.full(length, value), 21) == value).all()


def test_short_islands_and_gaps_go() -> None:
    gate = np.zeros(200, bool)
    gate[50:60] = True
    gate[100:180] = True
    gate[130:140] = False
    filtered = median_filter(gate, 21)
    assert np.flatnonzero(filtered).tolist() == list(range(100, 180))


def test_hard_gate_is_strict() -> None:
    assert hard_gate(np.array([0.49, 0.5, np.nextafter(0.5, 1), 1.0]), 0.5).tolist() == [False, False, True, True]


def test_variants() -> None:
    probability = np.array([0.1] * 30 + [0.9] * 30)
    probability[10] = 0.9
    labels = np.arange(60) % 2 == 0
    assert gate_for("none", probability, labels, SETTINGS) is None
    np.testing.assert_array_equal(gate_for("oracle", probability, labels, SETTINGS), labels)
    np.testing.assert_array_equal(gate_for("raw", probability, labels, SETTINGS), probability > 0.5)
    np.testing.assert_array_equal(gate_for("median", probability, labels, SETTINGS), np.arange(60) >= 30)


def test_no_gate_without_an_activity_head() -> None:
    with pytest.raises(ValueError, match="needs an activity head"):
        gate_for("raw", None, np.zeros(3, bool), SETTINGS)


def test_a_gate_silences_its_frames() -> None:
    params = make_params()
    torch.manual_seed(0)
    wave = 0.1 * np.random.default_rng(0).standard_normal((1, 16000), dtype=np.float32)
    estimate = separate(IASS(257, 257, 1, 2, 4).eval(), wave, params)
    gate = np.zeros(estimate.spectrum.frames, bool)
    gate[20:30] = True
    gated, plain = estimate.wave(gate), estimate.wave()
    hop, n_fft = params.stft.hop, params.stft.n_fft
    assert not gated[:, : 19 * hop - n_fft // 2].any()
    assert not gated[:, 30 * hop + n_fft // 2 :].any()
    inner = slice(20 * hop + n_fft // 2, 29 * hop - n_fft // 2)
    np.testing.assert_allclose(gated[:, inner], plain[:, inner], atol=1e-6)


def test_an_estimate_silent_from_start_to_end_has_no_scores() -> None:
    random = np.random.default_rng(0)
    target, rest = random.normal(size=(2, 8000 * 3, 1))
    scores = score_frames(target, rest, np.zeros_like(target), 8000, 8000)
    assert all(np.isnan(scores[metric]).all() and len(scores[metric]) == 3 for metric in METRICS)
    assert set(scores["dropped"]) == {"silent estimate"}
