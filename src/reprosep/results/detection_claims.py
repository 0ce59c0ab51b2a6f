"""Statements about activity detectors, checked on all test songs: differences of LRAP or AUC.

Rules
-----
The effect is the difference left - right of the measure over all test songs; its interval draws songs, the same ones
for both sides. There is no p-value: *greater* holds if the interval lies above 0 and does not hold if it lies below,
*less* mirrored, and *comparable* holds if it lies within ± the claim's margin and does not hold if wholly outside.
Below six songs every verdict is undecided.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reprosep.papers import Claim, Measure, Paper, Side
from reprosep.params import Params
from reprosep.results.detection import Detections, draws, read_detections, runs_of, whole
from reprosep.results.intervals import percentile_interval
from reprosep.results.verdicts import FAILS, FEWEST_PAIRS, HOLDS, NAN, UNDECIDED, Effect

MEASURES = ("LRAP", "AUC")


def is_of_detectors(claim: Claim) -> bool:
    """Whether a claim compares detectors."""
    return claim.metric in MEASURES


def detection_effect(params: Params, paper: Paper, claim: Claim, results: Path) -> Effect | None:
    """The difference that a claim is about; None where a side is not computed at this scale."""
    measure: Measure = "LRAP" if claim.metric == "LRAP" else "AUC"
    sides = [_found(params, paper, side, results) for side in (claim.left, claim.right)]
    if not all(sides):
        return None
    values = [float(np.mean([whole(one, measure) for one in found])) for found in sides]
    drawn = [draws(params, found, measure) for found in sides]
    low, high = percentile_interval(params, drawn[0] - drawn[1])
    return Effect(values[0] - values[1], low, high, NAN, len(sides[0][0].songs))


def _found(params: Params, paper: Paper, side: Side, results: Path) -> list[Detections]:
    found = read_detections(results, runs_of(params, paper, side.system))
    return [one.at_scale(params, side.seconds) for one in found]


def detection_verdict(claim: Claim, effect: Effect) -> str:
    """The verdict by the rules at the head of this module."""
    if effect.songs < FEWEST_PAIRS or not np.isfinite([effect.low, effect.high]).all():
        return UNDECIDED
    above, below = effect.low > 0, effect.high < 0
    if claim.expect == "comparable":
        holds = -claim.margin <= effect.low and effect.high <= claim.margin
        fails = effect.low > claim.margin or effect.high < -claim.margin
    else:
        holds, fails = (above, below) if claim.expect == "greater" else (below, above)
    return HOLDS if holds else FAILS if fails else UNDECIDED
