"""The targets of a scale that a claim can be checked on."""

from __future__ import annotations

from reprosep.claims.cases import other_targets, own_targets
from reprosep.experiments.gates import gating_run
from reprosep.experiments.runs import detector_runs, needed_runs, scored_on
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.run import ACCOMPANIMENT, INSTRUMENTS, OVERALL
from reprosep.papers.system import BY_DETECTOR
from reprosep.params.scale import Params

Scored = set[tuple[str, str, str]]
"""(corpus, target, system) of what is scored."""


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
    if claim.corpus not in params.corpora or not _is_gated(params, paper, claim):
        return []
    if paper.systems[claim.left[0].system].scored == "seconds":
        computed = {run.system for run in detector_runs(params, paper)}
        return [INSTRUMENTS] if all(side.system in computed for side in claim.sides) else []
    return _targets_with_scores(params, claim, scored)


def _is_gated(params: Params, paper: Paper, claim: Claim) -> bool:
    """Whether all sides are scored in the variants that a claim compares: gates of a detector are not everywhere."""
    by_detector = [side for side in claim.sides if side.variant == BY_DETECTOR]
    return all(gating_run(params, claim.corpus, paper.systems[side.system], None) for side in by_detector)


def _targets_with_scores(params: Params, claim: Claim, scored: Scored) -> list[str]:
    systems = [side.system for side in claim.sides]
    own = params.corpora[claim.corpus].targets
    named = [*(claim.targets or []), *(claim.against or [])]
    known = [*own, *(name for name in (ACCOMPANIMENT, OVERALL) if name in named)]
    present = [name for name in known if all((claim.corpus, name, system) in scored for system in systems)]
    if claim.expect not in ("largest", "smallest"):
        return [name for name in present if claim.targets is None or name in claim.targets]
    return present if own_targets(claim, present) and other_targets(claim, present) else []
