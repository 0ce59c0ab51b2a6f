"""How far a cell may lie from its published value when nothing but the training seed is another.

Conventions
-----------
A cell has the values of n published seeds (n = 3 as a rule) and one value of m other seeds. If nothing but the seeds
differs, the difference of the two means has the variance sigma^2 (1/m + 1/n), and the prediction interval is

    mean ± t · s · sqrt(1/m + 1/n).

Three seeds tell little of one cell's sigma: the interval by a cell's own deviation is hundreds of times too wide to be
of use once a few hundred cells are looked at together, and a deviation pooled over all cells is too small for those that
vary most. s² is therefore in between, as in the analysis of gene expression, which has the same few replicates of many
quantities: the cells of a group (one table and metric) have variances that scatter about the group's, with a spread
that is estimated from all groups together; s² is the mean of the cell's own variance, weighted by its n - 1 degrees of
freedom, and of the group's, weighted by the degrees of freedom d0 that the spread is worth; t has d0 + n - 1 of them.
The fewer cells a group has, the less its variance is known and the smaller d0 is. Deviations below half of a printed unit count as that.

All cells are looked at together: the level of each is 1 - (1 - 0.05)^(1/cells) (Šidák), so that all cells of a run with
another seed lie within their intervals in at least 95 of 100 runs, however the cells depend on each other.

References
----------
Smyth: Linear models and empirical Bayes methods for assessing differential expression in microarray experiments.
Statistical Applications in Genetics and Molecular Biology, 2004 (equations in Section 6.2).
Šidák: Rectangular confidence regions for the means of multivariate normal distributions. JASA, 1967.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Values = npt.NDArray[np.float64]

FAMILY_LEVEL = 0.05
"""Share of runs with other seeds in which any cell may be called different."""

_LEAST_SPREAD = 0.4  # of log sigma² in a group: deviations differ by at least 40 % or so, whatever few seeds suggest
_CELLS_PER_RUN = 3  # about as many cells of a group are of one training, and so are no news of its noise
_BISECTIONS = 60


@dataclass(frozen=True)
class Noise:
    """Variance between seeds of every cell ``(cell,)`` and its degrees of freedom ``(cell,)``; NaN where unknown."""

    variance: Values
    freedom: Values

    def half_widths(self, published: Values, seeds: int) -> Values:
        """Half of the prediction interval of every cell ``(cell,)``, for the mean over so many `seeds` of a run.

        `published` is the number of published seeds of every cell.
        """
        level = 1 - (1 - FAMILY_LEVEL) ** (1 / max(1, len(self.variance)))
        quantile = stats.t.ppf(1 - level / 2, self.freedom)
        return np.asarray(quantile * np.sqrt(self.variance * (1 / seeds + 1 / published)))


def noise_of(variances: Values, freedom: Values, groups: npt.NDArray[np.int64]) -> Noise:
    """The noise of cells from their variances ``(cell,)`` over `freedom` + 1 published seeds, and their groups.

    Variances are positive; a cell with fewer than two seeds has NaN and no freedom, and gets its group's variance.
    """
    known = freedom > 0
    moderated, total = np.full(len(variances), np.nan), np.full(len(variances), np.nan)
    if not known.any():
        return Noise(moderated, total)
    # log s² less its bias: an estimate of log sigma² with the variance trigamma(freedom / 2)
    logs, error = np.full(len(variances), np.nan), np.full(len(variances), np.nan)
    half = freedom[known] / 2
    logs[known] = np.log(variances[known]) - special.digamma(half) + np.log(half)
    error[known] = special.polygamma(1, half)
    spread = _spread(logs[known], error[known], groups[known])
    for group in np.unique(groups[known]):
        inside = groups == group
        own = inside & known
        independent = max(1.0, own.sum() / _CELLS_PER_RUN)
        prior = 2 * _inverse_trigamma(spread + (spread + float(error[own].mean())) / independent)
        location = np.exp(logs[own].mean() + special.digamma(prior / 2) - np.log(prior / 2))
        weighted = np.where(own, freedom * np.nan_to_num(variances), 0.0)[inside]
        moderated[inside] = (prior * location + weighted) / (prior + freedom[inside])
        total[inside] = prior + freedom[inside]
    return Noise(moderated, total)


def _spread(logs: Values, error: Values, groups: npt.NDArray[np.int64]) -> float:
    """Variance of log sigma² within groups: what the estimates scatter beyond their errors."""
    _, places = np.unique(groups, return_inverse=True)
    means = np.bincount(places, logs) / np.bincount(places)
    freedom = len(logs) - len(means)
    scatter = float(((logs - means[places]) ** 2).sum() / freedom) if freedom else 0.0
    return max(_LEAST_SPREAD, scatter - float(error.mean()))


def _inverse_trigamma(value: float) -> float:
    """The x > 0 with trigamma(x) = value; trigamma falls from infinity to 0."""
    low, high = np.log(1e-6), np.log(1e9)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if special.polygamma(1, np.exp(middle)) > value else (low, middle)
    return float(np.exp((low + high) / 2))
