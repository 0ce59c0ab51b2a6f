"""The soft gate and the gate with hysteresis against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from reprosep.separation.gate import hard_gate, median_filter
from reprosep.separation.other_gates import hysteresis_gate, soft_gate

probabilities = some.lists(some.floats(0, 1), min_size=12, max_size=80).map(np.array)


@given(probability=probabilities, half=some.integers(0, 10), threshold=some.floats(0.05, 0.95))
def test_the_papers_gate_is_the_soft_one_above_a_threshold(
    probability: np.ndarray, half: int, threshold: float
) -> None:
    frames = 2 * half + 1
    hard = median_filter(hard_gate(probability, threshold), frames)
    np.testing.assert_array_equal(soft_gate(probability, frames) > threshold, hard)


def stepped(probability: np.ndarray, high: float, low: float) -> list[bool]:
    """Its definition, frame by frame."""
    gate, is_open = [], False
    for value in probability:
        is_open = True if value > high else False if value < low else is_open
        gate.append(is_open)
    return gate


@given(probability=probabilities, thresholds=some.tuples(some.floats(0, 1), some.floats(0, 1)))
def test_hysteresis_is_that_of_its_definition(probability: np.ndarray, thresholds: tuple[float, float]) -> None:
    low, high = sorted(thresholds)
    assert hysteresis_gate(probability, high, low).tolist() == stepped(probability, high, low)


def test_hysteresis_keeps_what_it_has_between_its_thresholds() -> None:
    probability = np.array([0.5, 0.7, 0.5, 0.3, 0.5, 0.7])
    assert hysteresis_gate(probability, 0.6, 0.4).tolist() == [False, True, True, False, False, True]


@pytest.mark.parametrize("threshold", [0.25, 0.5])
def test_of_one_threshold_hysteresis_is_the_unfiltered_gate(threshold: float) -> None:
    probability = np.random.default_rng(1).random(200)
    np.testing.assert_array_equal(hysteresis_gate(probability, threshold, threshold), hard_gate(probability, threshold))
