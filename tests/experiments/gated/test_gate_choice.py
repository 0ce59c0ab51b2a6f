"""Thresholds that are chosen on validation songs: by the error that they leave, of equal ones the nearest to 0.5."""

from __future__ import annotations

import numpy as np
import pytest

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.experiments.gated.choice import Validated, choose, validated
from reprosep.experiments.target.estimate import Estimate
from reprosep.params.work import ChosenGates, Separation
from reprosep.separation.other_gates import hysteresis_gate, soft_gate

FRAMES = 200


def settings(steps: int = 20, median_frames: int = 1) -> Separation:
    return Separation(
        chunk_frames=64,
        chunks_at_once=1,
        threshold=0.5,
        median_frames=median_frames,
        gates=ChosenGates(steps=steps),
    )


def song(probability: np.ndarray, active: np.ndarray) -> Validated:
    """The estimate is right but for noise where the target is silent."""
    return Validated(probability, np.where(active, 0.1, 1.0), np.where(active, 1.0, 0.0))


def test_a_head_that_is_too_sure_gets_a_high_threshold() -> None:
    active = np.arange(FRAMES) % 40 < 20
    chosen = choose([song(np.where(active, 0.9, 0.7), active)], settings())
    assert 0.7 <= chosen.threshold < 0.9 and chosen.threshold == pytest.approx(0.7)  # of equal ones that nearest to 0.5


def test_a_head_that_is_too_modest_gets_a_low_one() -> None:
    active = np.arange(FRAMES) % 40 < 20
    chosen = choose([song(np.where(active, 0.3, 0.1), active)], settings())
    assert chosen.threshold == pytest.approx(0.25)


def test_hysteresis_bridges_what_one_threshold_cannot() -> None:
    """Within a part the probability falls as low as it rises without one, but only there it has been high before."""
    active = np.arange(FRAMES) % 40 < 20
    probability = np.where(active, 0.55, 0.1)
    probability[::40] = 0.9
    probability[30::40] = 0.6
    chosen = choose([song(probability, active)], settings())
    np.testing.assert_array_equal(hysteresis_gate(probability, chosen.high, chosen.low), active)
    assert chosen.high >= 0.6 > 0.55 >= chosen.low >= 0.1


def test_no_loud_song_decides_alone() -> None:
    active = np.arange(FRAMES) % 40 < 20
    modest = [song(np.where(active, 0.3, 0.1), active) for _ in range(2)]
    sure = song(np.where(active, 0.9, 0.7), active)
    loud = Validated(sure.probability, 1e4 * sure.opened, 1e4 * sure.closed)
    assert choose([*modest, loud], settings()).threshold == choose([*modest, sure], settings()).threshold


def test_the_error_of_a_gate_is_that_of_the_gated_estimate() -> None:
    draws = np.random.default_rng(0)
    target, mixture = draws.normal(size=(2, 1, 8000)).astype(np.float32)
    spectrum = ChunkedSpectrum(mixture, 512, 256)
    magnitudes = np.abs(draws.normal(size=(1, 257, spectrum.frames))).astype(np.float32)
    probability = draws.random(spectrum.frames)
    found = validated(Estimate(spectrum, magnitudes, probability, 7), target)
    gate = probability > 0.5
    wanted = ChunkedSpectrum(target, 512, 256).chunk(0, spectrum.frames).abs().numpy().astype(np.float64)
    error = np.square(magnitudes * gate - wanted).sum()
    assert found.gain(gate) == pytest.approx(10 * np.log10(np.square(wanted).sum() / error), rel=1e-6)


def test_soft_gates_are_gains() -> None:
    gate = soft_gate(np.random.default_rng(2).random(50), 21)
    assert gate.min() >= 0 and gate.max() <= 1 and not set(gate) <= {0.0, 1.0}
