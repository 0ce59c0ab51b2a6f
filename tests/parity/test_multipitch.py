"""Scores of pitches: the numbers of mir_eval's multi-pitch measures, and a case that is counted by hand."""

from __future__ import annotations

import mir_eval
import numpy as np
import pytest

from reprosep.metrics.multipitch import best_threshold, frequencies, pitch_scores

LOWEST, HOP = 28, 512 / 16000


def drawn(seed: int, share: float, frames: int = 300, pitches: int = 69) -> np.ndarray:
    return np.random.default_rng(seed).random((pitches, frames)) < share


@pytest.mark.parametrize("wrong", [0.0, 0.01, 0.3])
def test_scores_are_mir_evals(wrong: float) -> None:
    """Given its own way: times and lists of frequencies, as somebody with two annotations would."""
    notes = drawn(1, 0.03)
    told = notes ^ drawn(2, wrong)
    times = np.arange(notes.shape[1]) * HOP
    hertz = [[440.0 * 2 ** ((LOWEST + row - 69) / 12) for row in np.flatnonzero(frame)] for frame in notes.T]
    answer = [[440.0 * 2 ** ((LOWEST + row - 69) / 12) for row in np.flatnonzero(frame)] for frame in told.T]
    theirs = mir_eval.multipitch.metrics(times, list(map(np.array, hertz)), times, list(map(np.array, answer)))
    found = pitch_scores(notes, told, LOWEST, HOP)
    expected = dict(zip(("pitch precision", "pitch recall", "pitch accuracy"), theirs, strict=False))
    assert found == pytest.approx(expected, abs=1e-12)
    counted = (notes & told).sum() / np.array([told.sum(), notes.sum(), (notes | told).sum()])
    assert [*expected.values()] == pytest.approx(counted, abs=1e-12)  # which a semitone's grid makes plain counts


def test_counted_by_hand() -> None:
    """Four notes sound, five are told, three of them rightly."""
    notes, told = np.zeros((69, 3), bool), np.zeros((69, 3), bool)
    notes[[10, 20, 10, 11], [0, 0, 1, 2]] = True
    told[[10, 20, 10, 30, 31], [0, 0, 1, 2, 2]] = True
    found = pitch_scores(notes, told, LOWEST, HOP)
    assert found == pytest.approx({"pitch precision": 3 / 5, "pitch recall": 3 / 4, "pitch accuracy": 3 / 6})


def test_nothing_told_and_nothing_to_tell() -> None:
    notes, silence = drawn(1, 0.03), np.zeros((69, 300), bool)
    assert pitch_scores(notes, silence, LOWEST, HOP) == dict.fromkeys(
        ("pitch precision", "pitch recall", "pitch accuracy"), 0.0
    )
    assert all(np.isnan(value) for value in pitch_scores(silence, notes, LOWEST, HOP).values())


def test_the_threshold_that_tells_most_is_chosen() -> None:
    notes = np.zeros((3, 4), bool)
    notes[0] = True
    probabilities = np.array([[0.45] * 4, [0.25, 0.05, 0.05, 0.05], [0.15] * 4])
    assert best_threshold(notes, probabilities, [0.5, 0.4, 0.3, 0.2, 0.1]) == 0.4  # as good as 0.3, and before it
    assert best_threshold(notes, probabilities, [0.5, 0.2, 0.1]) == 0.2
    assert best_threshold(notes[:, :0], probabilities[:, :0], [0.5, 0.2]) == 0.5


def test_rows_are_semitones() -> None:
    notes = np.zeros((69, 1), bool)
    notes[[69 - LOWEST, 60 - LOWEST], 0] = True
    assert frequencies(notes, LOWEST)[0] == pytest.approx([261.6256, 440.0], abs=1e-3)
