"""Several tests that decide one question: adjusted p-values, and how many of them are true at least.

Conventions
-----------
p-values are of shape (test,); NaN is a test that could not be made: it counts as one of the tests and shows nothing.

References
----------
Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 1979.
Benjamini, Heller: Screening for partial conjunction hypotheses. Biometrics, 2008 (its Bonferroni form).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def holm(p_values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Holm's adjusted p-values, in the order given; NaN where there is no p-value."""
    values = np.asarray(p_values, dtype=float)
    known = np.where(np.isnan(values), 1.0, values)
    order = np.argsort(known, kind="stable")
    steps = known[order] * np.arange(len(known), 0, -1)
    adjusted = np.empty(len(known))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return np.where(np.isnan(values), np.nan, adjusted)


def at_least(p_values: Sequence[float], number: int) -> float:
    """p-value of "at least `number` of the tested effects are there"; NaN for no tests.

    With `number` equal to the number of tests it is the largest p-value, with 1 Bonferroni's.
    """
    values = np.asarray(p_values, dtype=float)
    if not len(values):
        return float("nan")
    known = np.sort(np.where(np.isnan(values), 1.0, values))
    return float(min(1.0, (len(known) - number + 1) * known[number - 1]))
