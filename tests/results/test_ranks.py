"""Mean ranks and what is told apart: against the worked example of the literature, scipy, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reprosep.results.multiplicity import holm
from reprosep.results.ranks import critical_difference, rank

# Demšar 2006, Table 6: AUC of four learners on fourteen data sets.
DEMSAR = pd.DataFrame(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ],
    columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
)


def test_the_example_of_the_literature() -> None:
    ranking = rank(DEMSAR, 0.05)
    known = dict(zip(ranking.methods, ranking.mean_ranks, strict=True))
    assert known == pytest.approx({"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}, abs=5e-4)
    assert ranking.critical == pytest.approx(1.25, abs=5e-3)  # 2.569 sqrt(4 · 5 / (6 · 14))
    assert ranking.friedman == pytest.approx(stats.friedmanchisquare(*DEMSAR.to_numpy().T).pvalue)


@pytest.mark.parametrize(("methods", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (7, 2.949), (10, 3.164)])
def test_nemenyi_of_the_printed_quantiles(methods: int, quantile: float) -> None:
    expected = quantile * np.sqrt(methods * (methods + 1) / (6 * 30))
    assert critical_difference(methods, 30, 0.05) == pytest.approx(expected, rel=1e-3)


def test_pairs_are_signed_ranks_after_holm() -> None:
    random = np.random.default_rng(0)
    scores = pd.DataFrame(random.normal(size=(20, 3)) + np.array([0, 0.1, 2]), columns=["a", "b", "c"])
    ranking = rank(scores, 0.05)
    assert ranking.methods[0] == "c"
    raw = [stats.wilcoxon(scores[pair.first] - scores[pair.second]).pvalue for pair in ranking.pairs]
    np.testing.assert_allclose([pair.p_value for pair in ranking.pairs], raw)
    np.testing.assert_allclose([pair.p_adjusted for pair in ranking.pairs], holm(raw))
    assert ranking.groups(0.05) == [(1, 2)]


def test_songs_without_a_score_are_left_out_and_counted() -> None:
    scores = pd.DataFrame(np.random.default_rng(1).normal(size=(9, 3)), columns=list("abc"))
    scores.iloc[2, 1] = np.nan
    ranking = rank(scores, 0.05)
    assert (ranking.songs, ranking.left_out) == (8, 1)


def test_too_few_tell_nothing() -> None:
    ranking = rank(pd.DataFrame([[1.0, 2.0, 3.0]] * 5, columns=list("abc")), 0.05)
    assert np.isnan([ranking.friedman, ranking.critical, ranking.pairs[0].p_adjusted]).all()
    assert ranking.groups(0.05) == [(0, 2)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 7))
def test_ranks_add_up_and_groups_hold_nobody_apart(seed: int, methods: int) -> None:
    random = np.random.default_rng(seed)
    scores = pd.DataFrame(
        random.normal(size=(12, methods)) + random.normal(0, 1, methods), columns=list("abcdefg"[:methods])
    )
    ranking = rank(scores, 0.05)
    assert sum(ranking.mean_ranks) == pytest.approx(methods * (methods + 1) / 2)
    assert ranking.mean_ranks == sorted(ranking.mean_ranks)
    apart = {frozenset((pair.first, pair.second)) for pair in ranking.pairs if pair.differs(0.05)}
    for first, last in ranking.groups(0.05):
        names = ranking.methods[first : last + 1]
        assert not any(frozenset((one, other)) in apart for one in names for other in names if one != other)
