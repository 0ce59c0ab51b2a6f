"""Whether a difference between two systems holds: effect, interval, test and verdict.

Rules
-----
The effect is the median over songs of the paired difference left - right in dB, with its percentile-bootstrap interval
and the two-sided Wilcoxon signed-rank test. Below six songs every verdict is *undecided*: a signed-rank test of five
pairs cannot reach p < 0.05.

============= ===================================================== ==============================================
expect        holds                                                 does not hold
============= ===================================================== ==============================================
greater       interval above 0 and p < alpha                        interval below 0 and p < alpha
less          interval below 0 and p < alpha                        interval above 0 and p < alpha
not-greater   upper end below the claim's margin (0.25 dB if none)  interval above 0 and p < alpha
not-less      lower end above minus the margin (0.25 dB if none)    interval below 0 and p < alpha
comparable    interval within ± the claim's margin                  interval wholly outside ± the margin
largest       interval of the contrast above 0                      interval of the contrast below 0
============= ===================================================== ==============================================

For `not-greater` and `not-less`, *does not hold* is looked at first. The contrast of `largest` is the mean over the
claim's targets of the per-target median gain minus the mean over the other targets; songs are resampled within each
target.

References
----------
Wilcoxon: Individual comparisons by ranking methods. Biometrics Bulletin, 1945.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from reprosep.papers import Claim
from reprosep.params import Params
from reprosep.results.intervals import (
    FEWEST_SONGS,
    NO_INTERVAL,
    Values,
    median_interval,
    median_resamples,
    percentile_interval,
)

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
NON_SUPERIORITY_MARGIN = 0.25
"""dB; a gain (loss) certainly below it is none where a claim says `not-greater` (`not-less`) without its own margin."""

FEWEST_PAIRS = 6
NAN = float("nan")


@dataclass(frozen=True)
class Effect:
    """A paired difference in dB with its interval, p-value (NaN where there is none) and number of songs."""

    value: float
    low: float
    high: float
    p_value: float
    songs: int


def paired_effect(params: Params, differences: Values) -> Effect:
    """The median of paired per-song differences (song,) in dB."""
    if not len(differences):
        return Effect(NAN, NAN, NAN, NAN, 0)
    low, high = median_interval(params, differences[np.newaxis])
    return Effect(float(np.median(differences)), low, high, signed_rank(differences), len(differences))


def signed_rank(differences: Values) -> float:
    """Two-sided p-value of the Wilcoxon signed-rank test; NaN below six songs or when no song differs."""
    if len(differences) < FEWEST_PAIRS or not differences.any():
        return NAN
    return float(stats.wilcoxon(differences).pvalue)


def contrast(params: Params, differences: Mapping[str, Values], targets: Sequence[str]) -> Effect:
    """How much larger the gain of `targets` is than that of the others, in dB, from differences per target (song,).

    There is no p-value. The interval is NaN when any target has fewer than three songs; `songs` counts the fewest.
    """
    # One stream of resamples per target: the targets' songs are drawn independently of each other.
    names = list(differences)
    value = _contrast({name: np.asarray(np.median(differences[name])) for name in names}, targets)
    fewest = min(len(values) for values in differences.values())
    low, high = NO_INTERVAL
    if fewest >= FEWEST_SONGS:
        draws = {name: median_resamples(params, differences[name], stream) for stream, name in enumerate(names)}
        low, high = percentile_interval(params, _contrast(draws, targets))
    return Effect(float(value), low, high, NAN, fewest)


def _contrast(gains: Mapping[str, Values], targets: Sequence[str]) -> Values:
    inside = np.mean([gains[name] for name in gains if name in targets], axis=0)
    outside = np.mean([gains[name] for name in gains if name not in targets], axis=0)
    return np.asarray(inside - outside)


def verdict(params: Params, claim: Claim, effect: Effect) -> str:
    """The verdict by the rules at the head of this module."""
    if effect.songs < FEWEST_PAIRS or not np.isfinite([effect.low, effect.high]).all():
        return UNDECIDED
    significant = effect.p_value < params.statistics.alpha
    above, below = effect.low > 0, effect.high < 0
    match claim.expect:
        case "greater":
            return _decide(above and significant, below and significant)
        case "less":
            return _decide(below and significant, above and significant)
        case "not-greater":
            greater = above and significant
            return _decide(not greater and effect.high < (claim.margin or NON_SUPERIORITY_MARGIN), greater)
        case "not-less":
            less = below and significant
            return _decide(not less and effect.low > -(claim.margin or NON_SUPERIORITY_MARGIN), less)
        case "comparable":
            within = -claim.margin <= effect.low and effect.high <= claim.margin
            return _decide(within, effect.low > claim.margin or effect.high < -claim.margin)
        case "largest":
            return _decide(above, below)
        case "times-less":
            raise ValueError("a claim about costs is counted, not tested")


def _decide(holds: bool, fails: bool) -> str:
    return HOLDS if holds else FAILS if fails else UNDECIDED


def overall(verdicts: Sequence[str]) -> str:
    """Over all targets: holds where every one holds, does not hold where any one does not, else undecided."""
    if FAILS in verdicts:
        return FAILS
    return HOLDS if set(verdicts) == {HOLDS} else UNDECIDED
