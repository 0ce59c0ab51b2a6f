"""Claims and questions of a paper file against its tables and systems, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reprosep.base.errors import UserError, near_match
from reprosep.papers.claim import OF_DETECTORS, OF_HEADS, Claim
from reprosep.papers.content import Paper
from reprosep.papers.kinds import TABLE_KINDS
from reprosep.papers.measures import OF_GATES, OF_PITCH
from reprosep.papers.seeds import seeds_of
from reprosep.papers.system import WIENER, Variant
from reprosep.params.scale import Params


def check_claims(path: Path, paper: Paper) -> None:
    """:class:`UserError` for the first claim or question that cannot be checked as it is written."""
    seen: set[str] = set()
    for kind, claims in (("claims", paper.claims), ("questions", paper.questions)):
        for claim in claims:
            where = f"{path.name}: {kind}.{claim.id}"
            if claim.id in seen:
                raise UserError(f"{where}: a second one of that name; rename one")
            seen.add(claim.id)
            problem = claim.problem() or _quote_problem(kind, claim) or _side_problem(paper, claim)
            if problem := problem or _table_problem(paper, claim):
                raise UserError(f"{where}.{problem}")


def _quote_problem(kind: str, claim: Claim) -> str | None:
    if kind == "claims" and not claim.quote:
        return "quote: missing; write what the paper says, word for word, or move the claim to questions"
    if kind == "questions" and claim.quote:
        return "quote: given for a question of our own; leave it out, or move it to claims"
    return None


def _side_problem(paper: Paper, claim: Claim) -> str | None:
    if claim.is_of_spectra:
        missing = [side for side in claim.sides if side.corpus is None]
        return f"left: no corpus on a side for {claim.metric}, which compares corpora; name it" if missing else None
    for side in claim.sides:
        name = side.system
        if name not in paper.systems:
            return f"left: unknown system '{name}'{near_match(name, paper.systems)}"
        problem = filter_problem(paper, name, side.variant) or _measure_problem(paper, claim, name)
        if problem := problem or _print_problem(paper, claim, name):
            return problem
    return None


def filter_problem(paper: Paper, name: str, variant: Variant | None) -> str | None:
    """Whether a system that is compared behind a Wiener filter is scored behind one."""
    if variant != WIENER or paper.systems[name].is_filtered:
        return None
    return f"variant: '{WIENER}' of '{name}', which is not filtered; set systems.{name}.wiener to true"


def _print_problem(paper: Paper, claim: Claim, name: str) -> str | None:
    """Whether what is set beside printed numbers has them for certain, without a training."""
    if claim.is_of_print and paper.systems[name].trained:
        return f"left: '{name}' is trained here, and no two trainings give the same numbers; compare two systems"
    return None


def _measure_problem(paper: Paper, claim: Claim, name: str) -> str | None:
    """Whether what a claim measures is there of a system."""
    if paper.systems[name].scored == "seconds":
        known = ", ".join(OF_DETECTORS)
        return (
            None
            if claim.metric in OF_DETECTORS
            else f"metric: {claim.metric} of the detector '{name}'; allowed: {known}"
        )
    if claim.metric in OF_PITCH and not paper.systems[name].has_pitch:
        return f"metric: {claim.metric} of '{name}', which has no pitch head; name a system with a pitch_weight"
    if claim.metric in OF_GATES and paper.systems[name].kind != "gated":
        return f"metric: {claim.metric} of '{name}', whose gate is not chosen; name a system of the kind 'gated'"
    if claim.metric in OF_HEADS:
        without = not paper.systems[name].has_head
        return (
            f"metric: {claim.metric} of '{name}', which has no activity head; name a system that has one"
            if without
            else None
        )
    if claim.metric in OF_DETECTORS:
        known = ", ".join(key for key, system in paper.systems.items() if system.scored == "seconds")
        return f"left: '{name}' is no detector; allowed: {known}"
    return None


def _table_problem(paper: Paper, claim: Claim) -> str | None:
    """Whether the statistic of a claim is one that its published tables have."""
    for name in claim.table:
        if name not in paper.tables:
            return f"table: unknown table '{name}'{near_match(name, paper.tables)}"
        table = paper.tables[name]
        known = TABLE_KINDS[table.kind].published_statistics(table)
        if claim.statistic not in known:
            allowed = ", ".join(known) or "none"
            return f"statistic: '{claim.statistic}', but {name} gives the {allowed}; take that, or name another table"
    return None


def check_seeds(params: Params, papers: Iterable[tuple[str, Paper]]) -> None:
    """:class:`UserError` for the first claim or question that needs more training seeds than there are."""
    for name, paper in papers:
        seeds = seeds_of(params, paper)
        where = "params: seeds" if paper.seeds is None else f"{name}.yaml: seeds"
        for claim in paper.statements:
            if claim.seeds > len(seeds):
                listed = ", ".join(map(str, seeds))
                raise UserError(
                    f"{where}: {len(seeds)} ({listed}), but '{claim.id}' of the paper '{name}' needs "
                    f"{claim.seeds}; list as many, or lower claims.{claim.id}.seeds in {name}.yaml"
                )
