"""The single comparisons that a claim consists of: which quantities, with which sign, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from reprosep.papers.claim import Claim, Side
from reprosep.papers.content import Paper

MEAN_OF = "mean of "

Scored = set[tuple[str, str, str]]
"""(corpus, target, system) of what is scored."""


@dataclass(frozen=True)
class Part:
    """Left and right side, or one side alone, of a target and metric, and the factor with which they count."""

    weight: float
    sides: tuple[Side, ...]
    target: str
    metric: str


@dataclass(frozen=True)
class Case:
    """One comparison; `group` is what cases have in common whose mean a claim may be about, which is then `pooled`."""

    label: str
    parts: tuple[Part, ...]
    group: str = ""
    pooled: bool = False

    @property
    def systems(self) -> list[str]:
        """Whose scores it is of."""
        return list(dict.fromkeys(side.system for part in self.parts for side in part.sides))


def cases_of(paper: Paper, claim: Claim, targets: Sequence[str], scored: Scored) -> list[Case]:
    """The comparisons of a claim about the `targets` of this scale, in order.

    Of the claim's quantifier `mean`, one for every pair of systems and every other metric: the mean over targets.
    """
    cases = single_cases(paper, claim, targets, scored)
    if claim.quantifier != "mean":
        return cases
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    return [_mean(name, members) for name, members in groups.items()]


def _mean(name: str, members: list[Case]) -> Case:
    parts = [replace(part, weight=part.weight / len(members)) for case in members for part in case.parts]
    merged: dict[tuple[str, str, str], Part] = {}
    for part in parts:
        key = ("|".join(side.model_dump_json() for side in part.sides), part.target, part.metric)
        merged[key] = replace(part, weight=part.weight + merged[key].weight) if key in merged else part
    label = MEAN_OF + ("targets" if not name else f"targets, {name}")
    return Case(members[0].label if len(members) == 1 else label, tuple(merged.values()), name, len(members) > 1)


def single_cases(paper: Paper, claim: Claim, targets: Sequence[str], scored: Scored) -> list[Case]:
    """The comparisons of a claim target by target, whatever its quantifier; of a partial one, those that are scored."""
    cases = _single_cases(paper, claim, targets)
    if not claim.partial:
        return cases
    return [case for case in cases if all(_is_scored(claim, part, scored) for part in case.parts)]


def _is_scored(claim: Claim, part: Part, scored: Scored) -> bool:
    return is_scored(claim, part.target, [side.system for side in part.sides], scored)


def _single_cases(paper: Paper, claim: Claim, targets: Sequence[str]) -> list[Case]:
    pairs, many = claim.pairs, len(claim.pairs) > 1
    if claim.expect in ("largest", "smallest") and not claim.is_of_spectra:
        return [
            Case(
                f"{one} against {other}" + (f", {_name(paper, claim, pair)}" if many else ""),
                (*_difference(claim, pair, one), *_minus(_difference(claim, pair, other))),
                _name(paper, claim, pair) if many else "",
            )
            for pair in pairs
            for one, other in product(own_targets(claim, targets), other_targets(claim, targets))
        ]
    if claim.expect == "largest-metric":
        return [
            Case(
                f"{target}, {claim.metric} against {other}",
                (*_difference(claim, pair, target), *_minus(_difference(claim, pair, target, other))),
                f"{claim.metric} against {other}",
            )
            for pair, other, target in product(pairs, claim.against or [], targets)
        ]
    return [
        Case(
            _label(paper, claim, target, pair, len(targets)),
            _difference(claim, pair, target),
            _name(paper, claim, pair) if many else "",
        )
        for pair, target in product(pairs, targets)
    ]


def single_sides(case: Case) -> list[tuple[float, Side, Part]]:
    """Every side of a comparison by itself with its factor: left sides count, right sides are taken off."""
    return [
        (part.weight * sign, side, part)
        for part in case.parts
        for sign, side in zip((1.0, -1.0), part.sides, strict=False)
    ]


def own_targets(claim: Claim, targets: Sequence[str]) -> list[str]:
    """The targets that a claim says stand out."""
    return [name for name in targets if name in (claim.targets or [])]


def other_targets(claim: Claim, targets: Sequence[str]) -> list[str]:
    """The targets that they stand out from."""
    return [name for name in targets if name not in (claim.targets or []) and name in (claim.against or targets)]


def _difference(claim: Claim, pair: tuple[Side, Side | None], target: str, metric: str = "") -> tuple[Part, ...]:
    sides = tuple(side for side in pair if side is not None)
    return (Part(1.0, sides, target, metric or claim.metric),)


def _minus(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(replace(part, weight=-part.weight) for part in parts)


def _label(paper: Paper, claim: Claim, target: str, pair: tuple[Side, Side | None], targets: int) -> str:
    name = _name(paper, claim, pair)
    return ", ".join(part for part in (target if targets > 1 or not name else "", name) if part)


def _name(paper: Paper, claim: Claim, pair: tuple[Side, Side | None]) -> str:
    """The sides of a pair that other pairs of the claim do not have."""
    left, right = pair
    named = [left] if len(claim.left) > 1 else []
    named += [right] if right is not None and len(claim.right) > 1 and not claim.paired else []
    return " over ".join(_side_name(paper, side) for side in named)


def _side_name(paper: Paper, side: Side) -> str:
    return side.corpus if side.corpus is not None else paper.systems[side.system].label


def is_scored(claim: Claim, target: str, systems: Iterable[str], scored: Scored) -> bool:
    """Whether all of some systems have scores of a target on the corpus of a claim."""
    return all((claim.corpus, target, system) in scored for system in systems)
