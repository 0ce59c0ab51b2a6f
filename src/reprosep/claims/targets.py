"""The targets of a scale that a claim can be checked on."""

from __future__ import annotations

from reprosep.claims.cases import Scored, is_scored, other_targets, own_targets
from reprosep.experiments.cells import is_scored_in
from reprosep.experiments.runs import detector_runs, needed_runs, scored_on
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.run import ACCOMPANIMENT, INSTRUMENTS, OVERALL
from reprosep.params.scale import Params


def scored_targets(params: Params, paper: Paper) -> Scored:
    """What a paper's runs score; systems that list their sources score all of them pooled, too."""
    scored = {
        (corpus, target, run.system)
        for run in needed_runs(params, paper)
        for corpus in scored_on(params, run, paper.systems[run.system])
        for target in run.targets
    }
    return scored | {(corpus, OVERALL, system) for corpus, _, system in scored if paper.systems[system].setting}


def targets_of_claim(params: Params, paper: Paper, claim: Claim, scored: Scored) -> list[str]:
    """The targets that a claim is about at this scale; none where a side of it is missing."""
    if claim.is_of_spectra:
        known = all(side.corpus in params.corpora for side in claim.sides)
        return ["mixtures"] if known else []
    if claim.corpus not in params.corpora or not _is_scored(params, paper, claim):
        return []
    if paper.systems[claim.left[0].system].scored == "seconds":
        computed = {run.system for run in detector_runs(params, paper)}
        return [INSTRUMENTS] if all(side.system in computed for side in claim.sides) else []
    return _targets_with_scores(params, claim, scored)


def _is_scored(params: Params, paper: Paper, claim: Claim) -> bool:
    """Whether all sides are scored in the variants that a claim compares."""
    systems = paper.systems
    return all(is_scored_in(params, claim.corpus, s.system, systems[s.system], s.variant) for s in claim.sides)


def _targets_with_scores(params: Params, claim: Claim, scored: Scored) -> list[str]:
    systems = list(dict.fromkeys(side.system for side in claim.sides))
    own = params.corpora[claim.corpus].targets
    named = [*(claim.targets or []), *(claim.against or [])]
    known = dict.fromkeys([*own, *(name for name in (ACCOMPANIMENT, OVERALL) if name in named)])
    if claim.partial:
        pairs = [[side.system for side in pair if side is not None] for pair in claim.pairs]
        present = [name for name in known if any(is_scored(claim, name, pair, scored) for pair in pairs)]
    else:
        present = [name for name in known if is_scored(claim, name, systems, scored)]
    if claim.expect not in ("largest", "smallest"):
        return [name for name in present if claim.targets is None or name in claim.targets]
    return present if own_targets(claim, present) and other_targets(claim, present) else []
