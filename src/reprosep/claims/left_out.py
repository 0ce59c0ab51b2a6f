"""The claims and questions of a paper that a scale leaves out, for want of the corpora that it leaves out."""

from __future__ import annotations

from collections.abc import Iterable

from reprosep.claims.targets import Scored, scored_targets, targets_of_claim
from reprosep.experiments.left_out import Needs, left_out_of, scorable, systems_here, systems_left_out
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.system import BY_DETECTOR
from reprosep.params.scale import Params, with_every_corpus


def claims_left_out(params: Params, paper: Paper, claims: Iterable[Claim]) -> Needs:
    """Claim -> the corpora left out that it needs, of claims that this scale cannot check and one with them could."""
    if not params.left_out:
        return {}
    every, claims = with_every_corpus(params), list(claims)
    checked = _checked(params, paper, claims, scored_targets(params, paper))
    possible = _checked(every, paper, claims, scorable(every, paper)) - checked
    systems = systems_left_out(params, paper)
    needed = {claim.id: _lacking(params, paper, claim, systems) for claim in claims if claim.id in possible}
    return {name: corpora for name, corpora in needed.items() if corpora}


def _checked(params: Params, paper: Paper, claims: Iterable[Claim], scored: Scored) -> set[str]:
    """The claims that can be checked with what is scored."""
    systems = systems_here(params, paper)
    return {
        claim.id
        for claim in claims
        if (
            all(side.system in systems for side in claim.sides)
            if claim.is_counted
            else targets_of_claim(params, paper, claim, scored)
        )
    }


def _lacking(params: Params, paper: Paper, claim: Claim, systems: Needs) -> list[str]:
    """The corpora left out that a claim needs: those that it is about, and those of its systems and their detectors."""
    corpora = [side.corpus for side in claim.sides] if claim.is_of_spectra else [claim.corpus]
    lacking = left_out_of(params, corpora)
    for side in claim.sides:
        lacking += systems.get(side.system, [])
        gate = paper.systems[side.system].gate if side.variant == BY_DETECTOR else None
        lacking += left_out_of(params, [gate.corpus]) if gate else []
    return list(dict.fromkeys(lacking))
