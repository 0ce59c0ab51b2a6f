"""How far a cell may lie from its published value when nothing but the training seed is another.

Conventions
-----------
A cell has the values of n published seeds (n = 3 as a rule) and one value of m other seeds. If nothing but the seeds
differs, the difference of the two means has the variance sigma^2 (1/m + 1/n), and the prediction interval is

    mean ± t · s · sqrt(1/m + 1/n).

Three seeds tell little of one cell's sigma: an interval by the cell's own deviation is ten times too wide to be of
use once a few hundred cells are looked at together, and a deviation pooled over all cells is too small for those that
vary most. s² is therefore in between, as in the analysis of gene expression, which has the same few replicates of many
quantities: the cells of a group (one table and metric) have variances that scatter about the group's, with a spread
that is estimated from all groups together; s² is the mean of the cell's own variance, weighted by its n - 1 degrees of
freedom, and of the group's, weighted by the degrees of freedom d0 that the spread is worth; t has d0 + n - 1 of them.
The fewer cells a group has, the less its variance is known and the smaller d0 is.

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
_BISECTIONS = 50


@dataclass(frozen=True)
class Noise:
    """Variance between seeds of every cell ``(cell,)`` and its degrees of freedom ``(cell,)``; NaN where unknown."""

    variance: Values
    freedom: Values

    def half_widths(self, published: Values, seeds: Values, together: int) -> Values:
        """Half of the prediction interval of every cell ``(cell,)``, when so many are looked at `together`.

        `published` and `seeds` are the numbers of seeds of every cell, published and of the run.
        """
        level = 1 - (1 - FAMILY_LEVEL) ** (1 / max(1, together))
        quantile = stats.t.ppf(1 - level / 2, self.freedom)
        return np.asarray(quantile * np.sqrt(self.variance * (1 / seeds + 1 / np.maximum(published, 1))))


def noise_of(variances: Values, freedom: Values, groups: npt.NDArray[np.integer]) -> Noise:
    """The noise of cells from their variances ``(cell,)`` over `freedom` + 1 published seeds, and their groups.

    Variances are positive; a cell with fewer than two seeds has NaN and no freedom, and gets its group's variance.
    """
    known = freedom > 0
    names, places = np.unique(groups, return_inverse=True)
    count = np.bincount(places[known], minlength=len(names))
    if not known.any():
        return Noise(np.full(len(variances), np.nan), np.full(len(variances), np.nan))
    # log s² less its bias: an estimate of log sigma² with the variance trigamma(freedom / 2)
    half = freedom[known] / 2
    logs = np.log(variances[known]) - special.digamma(half) + np.log(half)
    error = special.polygamma(1, half)
    mean = _by_group(logs, places[known], count)
    spread = _spread(logs - mean[places[known]], len(logs) - int((count > 0).sum()), error)
    independent = np.maximum(1.0, count / _CELLS_PER_RUN)
    prior = 2 * _inverse_trigamma(spread + (spread + _by_group(error, places[known], count)) / independent)
    location = np.exp(mean + special.digamma(prior / 2) - np.log(prior / 2))[places]
    total = prior[places] + freedom
    return Noise((prior[places] * location + freedom * np.where(known, variances, 0.0)) / total, total)


def _by_group(values: Values, places: npt.NDArray[np.integer], count: npt.NDArray[np.integer]) -> Values:
    """Mean of values ``(cell,)`` by group ``(group,)``; NaN for a group without any."""
    total = np.bincount(places, values, minlength=len(count))
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)


def _spread(deviations: Values, freedom: int, error: Values) -> float:
    """Variance of log sigma² within groups: what the estimates scatter beyond their errors."""
    scatter = float((deviations**2).sum() / freedom) if freedom else 0.0
    return max(_LEAST_SPREAD, scatter - float(error.mean()))


def _inverse_trigamma(values: Values) -> Values:
    """The x > 0 with trigamma(x) = value, by bisection of log x; trigamma falls from infinity to 0."""
    low, high = np.full(len(values), np.log(1e-6)), np.full(len(values), np.log(1e6))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = special.polygamma(1, np.exp(middle)) > values
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(np.isnan(values), np.nan, np.exp((low + high) / 2))
