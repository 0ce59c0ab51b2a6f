"""Many methods on the same songs: mean ranks, which of them are told apart, and by how much.

Conventions
-----------
Values are of shape (song, method), higher is better, and complete: a song that some method has no score of is left out
before. Rank 1 is the best; equal scores share the mean of their ranks.

The tests
---------
Friedman's tells whether there is any difference. Of two methods, the signed-rank test of their differences decides,
adjusted for all pairs after Holm: it does not depend on which other methods there are, as Nemenyi's test of mean ranks
does. Nemenyi's critical difference is given beside it: mean ranks that are further apart differ by that test too.

References
----------
Demšar: Statistical comparisons of classifiers over multiple data sets. JMLR, 2006 (mean ranks, critical difference).
Benavoli, Corani, Mangili: Should we really use post-hoc tests based on mean-ranks? JMLR, 2016 (signed ranks instead).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from reprosep.results.intervals import Values
from reprosep.results.multiplicity import holm
from reprosep.results.paired_tests import FEWEST_PAIRS, signed_rank

FEWEST_METHODS = 3
"""Below it there are no ranks to speak of: two methods are a pair."""


@dataclass(frozen=True)
class Pair:
    """Two methods: the median difference in dB, first minus second, and its p-value raw and after Holm."""

    first: str
    second: str
    difference: float
    p_value: float
    p_adjusted: float

    def differs(self, alpha: float) -> bool:
        """Whether a difference is shown."""
        return self.p_adjusted < alpha


@dataclass(frozen=True)
class Ranking:
    """Methods from the best mean rank down, with all that is told of them.

    `friedman` is the p-value of there being no difference at all, `critical` Nemenyi's difference of mean ranks; NaN
    below three methods or six songs. `songs` are compared, `left_out` lack a score of some method.
    """

    methods: list[str]
    mean_ranks: list[float]
    friedman: float
    critical: float
    pairs: list[Pair]
    songs: int
    left_out: int

    def groups(self, alpha: float) -> list[tuple[int, int]]:
        """First and last place of methods in the order of ranks of which no two are told apart, as long as can be."""
        apart = {frozenset((pair.first, pair.second)) for pair in self.pairs if pair.differs(alpha)}
        groups: list[tuple[int, int]] = []
        for first in range(len(self.methods)):
            last = first
            while last + 1 < len(self.methods) and not any(
                frozenset((self.methods[one], self.methods[last + 1])) in apart for one in range(first, last + 1)
            ):
                last += 1
            if last > first and not (groups and groups[-1][1] >= last):
                groups.append((first, last))
        return groups


def rank(scores: pd.DataFrame, alpha: float) -> Ranking:
    """The ranking of the columns (methods) of scores by song (rows), NaN where there is none."""
    complete = scores.dropna()
    values = complete.to_numpy(dtype=float)
    ranks = stats.rankdata(-values, axis=1).mean(axis=0) if len(values) else np.full(scores.shape[1], np.nan)
    order = np.argsort(ranks, kind="stable")
    names = [str(scores.columns[place]) for place in order]
    enough = len(names) >= FEWEST_METHODS and len(values) >= FEWEST_PAIRS
    return Ranking(
        methods=names,
        mean_ranks=[float(ranks[place]) for place in order],
        friedman=float(stats.friedmanchisquare(*values.T).pvalue) if enough else float("nan"),
        critical=critical_difference(len(names), len(values), alpha) if enough else float("nan"),
        pairs=pairwise(values[:, order], names),
        songs=len(values),
        left_out=len(scores) - len(values),
    )


def critical_difference(methods: int, songs: int, alpha: float) -> float:
    """Nemenyi's critical difference of mean ranks (Demšar 2006, Section 3.2.2)."""
    quantile = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * songs)))


def pairwise(values: Values, names: Sequence[str]) -> list[Pair]:
    """Every two methods of values (song, method), p-values adjusted for the number of pairs."""
    places = list(itertools.combinations(range(len(names)), 2))
    differences = [values[:, one] - values[:, other] for one, other in places]
    raw = [signed_rank(difference) for difference in differences]
    adjusted: npt.NDArray[np.float64] = holm(raw)
    return [
        Pair(names[one], names[other], _median(difference), p_value, float(p_adjusted))
        for (one, other), difference, p_value, p_adjusted in zip(places, differences, raw, adjusted, strict=True)
    ]


def _median(values: Values) -> float:
    return float(np.median(values)) if len(values) else float("nan")
