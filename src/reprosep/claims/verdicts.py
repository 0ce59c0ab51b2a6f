"""When a claim holds: the rules, in the order in which they are applied.

1. **What is compared.** The effect is the median (or the mean, as the paper's table has it) over songs of left minus
   right. Its interval and its p-value tell of other songs and, with several training seeds, of other trainings
   (:mod:`.effects`). With one seed a verdict is *of these trainings* only. Beside it stands the difference of the
   table's two cells, computed as the printed one is: for means it is the same, for medians it can be another.
2. **When a single comparison is right.** It is shown to be right when its p-value for "right" is below alpha, and shown
   to be wrong when that for "wrong" is; the interval then lies wholly on that side. The difference of the cells has to
   lie on that side, too, so that no verdict contradicts the table.

   ================ ========================================= =========================================
   expect           right                                     wrong
   ================ ========================================= =========================================
   greater          above the margin (0 where none is named)  below it
   less             below minus the margin                    above it
   comparable       within ± the margin                       outside, above or below
   not-greater      below the margin                          above it
   not-less         above minus the margin                    below it
   largest          the target's effect above the other's     below it
   smallest         the target's effect below the other's     above it
   largest-metric   the metric's gain above the other's       below it
   times-less       counted: at least that factor             less
   as-printed       the cell within ± the margin of print     further away; nothing is tested, as nothing is drawn
   ================ ========================================= =========================================

   Below six songs nothing is shown.
3. **Over what.** *all*: every comparison is right; *most*: more than half of them; *mean*: the mean over targets. A
   claim **holds** when so many comparisons are shown to be right, and **does not hold** when so many are shown to be
   wrong that the rest cannot be enough. One test decides: "at least k of these n effects are there" (Benjamini and
   Heller), which keeps its error rate however many targets there are. Rows per comparison carry their own p-value and
   Holm's, which is adjusted for their number; a row's verdict is by Holm's.
4. **On which frames.** A frame in which an estimate is silent has no score, so a gate changes the frames that are
   scored. Claims about frames are decided twice, on each side's own frames (the papers' way) and on those that both
   have. Where the two disagree, the claim **depends on the frames**.
5. Everything else is **undecided**; but a claim that needs a corpus which the scale leaves out is **left out**, and no
   verdict is passed.

References
----------
Benjamini, Heller: Screening for partial conjunction hypotheses. Biometrics, 2008.
Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 1979.
Schuirmann: A comparison of the two one-sided tests procedure and the power approach. J. Pharmacokin. Biopharm., 1987.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reprosep.claims.effects import NAN, Effect
from reprosep.papers.claim import Claim
from reprosep.results.multiplicity import at_least, holm
from reprosep.results.paired_tests import FEWEST_PAIRS

HOLDS, FAILS, UNDECIDED, BY_FRAMES = "holds", "does not hold", "undecided", "depends on the frames"
LEFT_OUT = "left out"  # at this scale; no verdict
VERDICTS = (HOLDS, FAILS, BY_FRAMES, UNDECIDED, LEFT_OUT)
_DIGITS = 9  # of printed numbers, whose differences are not exact in binary


@dataclass(frozen=True)
class Evidence:
    """p-values (doubled one-sided) of a comparison being right and being wrong; NaN where nothing can be shown."""

    right: float
    wrong: float

    @property
    def p_value(self) -> float:
        """The smaller one."""
        return NAN if math.isnan(self.right) else min(self.right, self.wrong)


def counted(verdicts: Iterable[str]) -> dict[str, int]:
    """How many of some verdicts there are of each kind that occurs, in the order of :data:`VERDICTS`."""
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def region(claim: Claim) -> tuple[float, float]:
    """The effects, from and to, for which a comparison of a claim is right."""
    margin = claim.margin
    match claim.expect:
        case "greater" | "largest" | "largest-metric" | "times-less":
            return margin, math.inf
        case "less" | "smallest":
            return -math.inf, -margin
        case "comparable" | "as-printed":
            return -margin, margin
        case "not-greater":
            return -math.inf, margin
        case "not-less":
            return -margin, math.inf


def evidence(claim: Claim, effect: Effect) -> Evidence:
    """How surely a comparison is right or wrong."""
    if effect.songs < FEWEST_PAIRS:
        return Evidence(NAN, NAN)
    low, high = region(claim)
    affirmed = math.isnan(effect.in_table) or is_right(claim, effect.in_table)
    denied = math.isnan(effect.in_table) or not is_right(claim, effect.in_table)
    bounded = [(effect.above(low), effect.below(low))] if math.isfinite(low) else []
    bounded += [(effect.below(high), effect.above(high))] if math.isfinite(high) else []
    right, wrong = max(one for one, _ in bounded), min(one for _, one in bounded)
    return Evidence(right if affirmed else max(right, 1.0), wrong if denied else max(wrong, 1.0))


def enough(claim: Claim, comparisons: int) -> int:
    """How many comparisons have to be right for a claim to hold."""
    return comparisons // 2 + 1 if claim.quantifier == "most" else comparisons


def conclude(claim: Claim, comparisons: Sequence[Evidence], alpha: float) -> tuple[str, float]:
    """The verdict over the comparisons of a claim on one choice of frames, and its p-value."""
    if not comparisons:
        return UNDECIDED, NAN
    needed = enough(claim, len(comparisons))
    right = at_least([one.right for one in comparisons], needed)
    wrong = at_least([one.wrong for one in comparisons], len(comparisons) - needed + 1)
    if all(math.isnan(one.right) for one in comparisons):
        return UNDECIDED, NAN
    return (HOLDS if right < alpha else FAILS if wrong < alpha else UNDECIDED), min(right, wrong)


def single_verdicts(comparisons: Sequence[Evidence], alpha: float) -> list[tuple[str, float]]:
    """The verdict of every comparison by itself, and its p-value adjusted for their number."""
    adjusted = holm([one.p_value for one in comparisons])
    decided = [HOLDS if one.right <= one.wrong else FAILS for one in comparisons]
    return [
        (verdict if p_value < alpha else UNDECIDED, float(p_value))
        for verdict, p_value in zip(decided, adjusted, strict=True)
    ]


def together(own: str, common: str) -> str:
    """The verdict of a claim from those on each side's own frames and on the frames in common."""
    return own if own == common else BY_FRAMES


def in_print(claim: Claim, effects: Sequence[float]) -> str:
    """What the paper's own numbers say of its claim: 'holds', 'does not hold', or '' where they do not tell."""
    known = [effect for effect in effects if math.isfinite(effect)]
    right = sum(is_right(claim, effect) for effect in known)
    needed = enough(claim, len(effects))
    if effects and right >= needed:
        return HOLDS
    return FAILS if effects and right + len(effects) - len(known) < needed else ""


def is_right(claim: Claim, effect: float) -> bool:
    """Whether an effect without any uncertainty is one of which a claim is right."""
    low, high = region(claim)
    value = round(effect, _DIGITS)
    if claim.expect in ("comparable", "times-less", "as-printed"):
        return low <= value <= high
    return low < value < high
