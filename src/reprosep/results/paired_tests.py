"""Tests of paired differences over songs.

References
----------
Wilcoxon: Individual comparisons by ranking methods. Biometrics Bulletin, 1945.
"""

from __future__ import annotations

from scipy import stats

from reprosep.results.intervals import Values

FEWEST_PAIRS = 6
"""Below it nothing is shown: a signed-rank test of five pairs cannot reach p < 0.05."""


def signed_rank(differences: Values) -> float:
    """Two-sided p-value of the Wilcoxon signed-rank test; NaN below six songs or when no song differs."""
    if len(differences) < FEWEST_PAIRS or not differences.any():
        return float("nan")
    return float(stats.wilcoxon(differences).pvalue)
