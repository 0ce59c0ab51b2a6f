"""The papers' statements, checked song by song: one verdict per claim and target, and one per claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reprosep import papers
from reprosep.papers import ACCOMPANIMENT, INSTRUMENTS, OVERALL, Claim, Paper, Side
from reprosep.params import Params
from reprosep.results.aggregate import Scores, by_song, per_song
from reprosep.results.costs import runs_of_system, system_cost
from reprosep.results.detection_claims import detection_effect, detection_verdict, is_of_detectors
from reprosep.results.intervals import Values
from reprosep.results.metrics import write_verdicts
from reprosep.results.tidy import write_tidy
from reprosep.results.verdicts import FAILS, HOLDS, NAN, Effect, contrast, overall, paired_effect, verdict

COLUMNS = [
    "claim",
    "statement",
    "source",
    "corpus",
    "target",
    "metric",
    "expect",
    "verdict",
    "effect",
    "ci_low",
    "ci_high",
    "p_value",
    "songs",
    "effect_common_frames",
    "published_effect",
    "standin",
]
_ROUNDING = 0.02  # an epoch is a whole number of batches, so its items are N times K but for a part of one

ALL_TARGETS = "all"
"""The target of the row that holds a claim's overall verdict."""

Published = Mapping[tuple[str, str, str, str, str], float]


def write_claims(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write ``claims.csv`` and ``claims.json``: effects in dB with intervals, p-values and verdicts.

    The rules of the verdicts are in :mod:`.verdicts`. A claim has one row per target, for `largest` one more for the
    contrast of its targets with the others (its rows per target then have no verdict of their own), and one row for all
    targets. Claims none of whose targets are part of this scale have no rows.

    Parameters
    ----------
    results
        Folder of the scale, ``results/<scale>``.
    output
        Folder of the paper, ``results/<scale>/papers/<paper>``.

    Raises
    ------
    UserError
        When a score file is missing or lacks a variant that a claim needs.
    """
    needed = papers.runs(params, paper)
    scores = Scores(results, needed)
    scored = {
        (corpus, target, run.system)
        for run in needed
        for corpus in papers.scored_on(params, run, paper.systems[run.system])
        for target in run.targets
    }
    scored |= {(corpus, OVERALL, system) for corpus, _, system in scored if paper.systems[system].sources}
    published = published_values(params, paper)
    rows: list[dict[str, Any]] = []
    for claim in paper.claims:
        if claim.expect == "times-less":
            rows += _cost_rows(params, paper, claim, results)
            continue
        if is_of_detectors(claim):
            rows += _detection_rows(params, paper, claim, results)
            continue
        targets = claim_targets(params, claim, scored) if _is_scored(params, paper, claim) else []
        compare = _largest_rows if claim.expect == "largest" else _target_rows
        rows += compare(params, claim, scores, targets, published) if targets else []
    write_tidy(output / "claims.csv", rows, COLUMNS)
    write_verdicts(output / "claims.json", [row for row in rows if row["target"] == ALL_TARGETS])


def _is_scored(params: Params, paper: Paper, claim: Claim) -> bool:
    """Whether both sides are scored in the variants that a claim compares: gates of a detector are not everywhere."""
    by_detector = [side for side in (claim.left, claim.right) if side.variant == papers.BY_DETECTOR]
    return all(papers.gating_run(params, claim.corpus, paper.systems[side.system], None) for side in by_detector)


def claim_targets(params: Params, claim: Claim, scored: set[tuple[str, str, str]]) -> list[str]:
    """The targets that a claim compares at this scale: `largest` needs some of its own and some others."""
    if claim.corpus not in params.corpora:
        return []
    systems = (claim.left.system, claim.right.system)
    own_targets = params.corpora[claim.corpus].targets
    known = own_targets if claim.targets is None else [*own_targets, ACCOMPANIMENT, OVERALL]
    present = [name for name in known if all((claim.corpus, name, system) in scored for system in systems)]
    own = [name for name in present if claim.targets is None or name in claim.targets]
    if claim.expect != "largest":
        return own
    return present if 0 < len(own) < len(present) else []


def published_values(params: Params, paper: Paper) -> dict[tuple[str, str, str, str, str], float]:
    """(corpus, target, system, variant, metric) -> dB as printed; doubtful cells give way to another table's."""
    values: dict[tuple[str, str, str, str, str], float] = {}
    for table in paper.tables.values():
        for cell in papers.cells(params, paper, table):
            if cell.published is not None and not cell.doubtful and cell.statistic == table.main:
                key = (cell.corpus, cell.target, cell.system, cell.variant, cell.metric)
                values.setdefault(key, cell.published)
    return values


def differences(claim: Claim, scores: Scores, target: str, common: bool) -> Values:
    """Left minus right per song, in dB (song,), of the songs that have a score on both sides.

    Of pooled targets, a song's mean over them.
    """
    left, right = _pair(claim.left), _pair(claim.right)
    songs = scores.songs(claim.corpus, target, [left, right], common)
    both = per_song(songs, left, claim.metric) - per_song(songs, right, claim.metric)
    values = by_song(both).sort_index().to_numpy(dtype=float)
    return values[np.isfinite(values)]


def _pair(side: Side) -> tuple[str, str]:
    return side.system, side.variant


def _target_rows(
    params: Params, claim: Claim, scores: Scores, targets: Sequence[str], published: Published
) -> list[dict[str, Any]]:
    rows = []
    for target in targets:
        effect = paired_effect(params, differences(claim, scores, target, common=False))
        common = paired_effect(params, differences(claim, scores, target, common=True)).value
        printed = _published_effect(claim, target, published)
        rows.append(_row(params, claim, target, verdict(params, claim, effect), effect, common, printed))
    return [*rows, _overall_row(params, claim, rows)]


def _largest_rows(
    params: Params, claim: Claim, scores: Scores, targets: Sequence[str], published: Published
) -> list[dict[str, Any]]:
    own = [name for name in targets if name in (claim.targets or [])]
    gains = {name: differences(claim, scores, name, common=False) for name in targets}
    common = {name: differences(claim, scores, name, common=True) for name in targets}
    printed = {name: _published_effect(claim, name, published) for name in targets}
    rows = []
    for name in targets:
        effect = paired_effect(params, gains[name])
        rows.append(_row(params, claim, name, "", effect, _median(common[name]), printed[name]))
    effect = contrast(params, gains, own) if all(map(len, gains.values())) else Effect(NAN, NAN, NAN, NAN, 0)
    on_common = contrast(params, common, own).value if all(map(len, common.values())) else NAN
    in_paper = contrast(params, {name: np.array([value]) for name, value in printed.items()}, own).value
    row = _row(params, claim, "+".join(own), verdict(params, claim, effect), effect, on_common, in_paper)
    return [*rows, row, _overall_row(params, claim, [row])]


def _median(values: Values) -> float:
    return float(np.median(values)) if len(values) else NAN


def _published_effect(claim: Claim, target: str, published: Published) -> float:
    """Difference of the two printed cells in dB, NaN when either is not in a table or doubtful."""
    left, right = (
        published.get((claim.corpus, target, *_pair(side), claim.metric), NAN) for side in (claim.left, claim.right)
    )
    return left - right


def _row(
    params: Params, claim: Claim, target: str, decision: str, effect: Effect, common: float, printed: float
) -> dict[str, Any]:
    corpus = params.corpora[claim.corpus]
    values = (claim.id, claim.statement, claim.source, corpus.title, target, claim.metric, claim.expect, decision)
    numbers = (effect.value, effect.low, effect.high, effect.p_value, effect.songs, common, printed)
    return dict(zip(COLUMNS, (*values, *numbers, corpus.standin is not None), strict=True))


def _cost_rows(params: Params, paper: Paper, claim: Claim, results: Path) -> list[dict[str, Any]]:
    """The row of a claim about costs: how many times less the left system takes; counted, so it holds or does not."""
    sides = [runs_of_system(params, paper, side.system) for side in (claim.left, claim.right)]
    if not all(sides) or claim.metric not in ("parameters", "iterations", "seconds"):
        return []
    left, right = (system_cost(needed, claim.metric, results) for needed in sides)
    times = right / left
    decision = HOLDS if times >= claim.margin * (1 - _ROUNDING) else FAILS
    effect = Effect(times, NAN, NAN, NAN, 0)
    return [_overall_row(params, claim, [_row(params, claim, ALL_TARGETS, decision, effect, NAN, claim.margin)])]


def _detection_rows(params: Params, paper: Paper, claim: Claim, results: Path) -> list[dict[str, Any]]:
    """The rows of a claim about detectors, which is about all their instruments together."""
    effect = detection_effect(params, paper, claim, results)
    if effect is None:
        return []
    decision = detection_verdict(claim, effect)
    row = _row(params, claim, INSTRUMENTS, decision, effect, NAN, NAN)
    return [row, _overall_row(params, claim, [row])]


def _overall_row(params: Params, claim: Claim, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The claim's verdict over `rows`; it repeats the numbers where a single row decides, else it has none."""
    decision = overall([row["verdict"] for row in rows])
    if len(rows) == 1:
        return {**rows[0], "target": ALL_TARGETS, "verdict": decision}
    blank = dict.fromkeys(COLUMNS[8:-1])
    return {**rows[0], **blank, "target": ALL_TARGETS, "verdict": decision}
