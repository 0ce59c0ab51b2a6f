"""``claims.csv`` and ``claims.json``: every claim and question, its comparisons, effects and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.errors import UserError
from reprosep.claims.cases import Case, Scored, cases_of, single_cases
from reprosep.claims.effects import NAN, Effect, effect_of
from reprosep.claims.left_out import claims_left_out
from reprosep.claims.published import Printed, printed_effect, printed_times, printed_values
from reprosep.claims.sources import Source, source_of
from reprosep.claims.targets import scored_targets, targets_of_claim
from reprosep.claims.verdicts import (
    FAILS,
    HOLDS,
    LEFT_OUT,
    Evidence,
    conclude,
    enough,
    evidence,
    in_print,
    is_right,
    single_verdicts,
    together,
)
from reprosep.experiments.left_out import needs
from reprosep.experiments.runs import needed_runs
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.results import tidy
from reprosep.results.aggregate import Scores
from reprosep.results.costs import system_cost
from reprosep.results.metrics import write_verdicts
from reprosep.results.reads import trainings_of
from reprosep.results.tidy import columns_of, read_tidy, write_tidy

COLUMNS = [
    "claim",
    "asked_by",
    "statement",
    "source",
    "corpus",
    "target",
    "metric",
    "statistic",
    "expect",
    "margin",
    "quantifier",
    "decides",
    "verdict",
    "scope",
    "effect",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "songs",
    "songs_left_out",
    "seeds",
    "verdict_common_frames",
    "effect_common_frames",
    "p_common_frames",
    "effect_in_table",
    "published_effect",
    "published_verdict",
    "standin",
]
_TOLD = ("claim", "asked_by", "target", "verdict")
THE_PAPER, US = "the paper", "us"
ALL_TARGETS = "all"
"""The target of the row that holds a claim's own verdict."""

_ROUNDING = 0.02  # an epoch is a whole number of batches, so its items are N times K but for a part of one
_NUMBERS = ["one", "two", "three", "four", "five", "six"]


@dataclass(frozen=True)
class Measured:
    """A comparison: its effect on each side's own frames and on common ones, songs left out, and in print."""

    case: Case
    own: Effect
    common: Effect | None
    left_out: int
    printed: float


def read_claims(path: Path, columns: Sequence[str] = _TOLD) -> pd.DataFrame:
    """A file ``claims.csv`` that has these columns, what is blank in it as NaN; published ones may have fewer.

    Raises
    ------
    UserError
        When it is missing, cut or another, or a claim has not one row of its own.
    """
    table = read_tidy(path, columns)
    totals = table[table["target"] == ALL_TARGETS]["claim"].value_counts()
    for claim in table["claim"].unique():
        if totals.get(claim, 0) != 1:
            raise UserError(
                f"{path}: claim '{claim}' has {totals.get(claim, 0)} rows of target '{ALL_TARGETS}', expected one; "
                "delete it and run the step again"
            )
    return table


def write_claims(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write ``claims.csv`` and ``claims.json``: effects with intervals, p-values and verdicts.

    The rules of the verdicts are in :mod:`.verdicts`. A claim has one row per comparison and one for all of them. One
    that needs a corpus which this scale leaves out has the latter alone, which says so. One that this scale cannot
    check for another reason, for lack of a target or system, has no rows.

    Parameters
    ----------
    results
        Folder of the scale, ``results/<scale>``.
    output
        Folder of the paper, ``results/<scale>/papers/<paper>``.

    Raises
    ------
    UserError
        When a file of scores, activity, spectra or of a training is missing or lacks what a claim needs.
    """
    scores = Scores(results, needed_runs(params, paper))
    scored = scored_targets(params, paper)
    left_out = claims_left_out(params, paper, paper.statements)
    rows: list[dict[str, Any]] = []
    for claim in paper.statements:
        if claim.id in left_out:
            rows.append(_left_out_row(params, paper, claim, left_out[claim.id]))
        elif claim.is_counted:
            rows += _counted_rows(params, paper, claim, results)
        elif targets := targets_of_claim(params, paper, claim, scored):
            source = source_of(params, paper, claim, results, scores)
            make = _printed_rows if claim.is_of_print else _tested_rows
            rows += make(params, paper, claim, source, targets, scored)
    write_tidy(output / "claims.csv", rows, columns_of(rows, COLUMNS))
    write_verdicts(output / "claims.json", [row for row in rows if row["target"] == ALL_TARGETS])


def _left_out_row(params: Params, paper: Paper, claim: Claim, corpora: list[str]) -> dict[str, Any]:
    """The only row of a claim that is left out."""
    return _identity(params, paper, claim) | {
        "target": ALL_TARGETS,
        "verdict": LEFT_OUT,
        tidy.LEFT_OUT: needs(params, corpora),
    }


def _tested_rows(
    params: Params, paper: Paper, claim: Claim, source: Source, targets: Sequence[str], scored: Scored
) -> list[dict[str, Any]]:
    """Rows of the comparisons that decide, where these are means also of those beside them, and the claim's own row."""
    alpha, printed = params.statistics.alpha, printed_values(params, paper, claim)
    measured = [_measured(params, claim, source, case, printed) for case in cases_of(paper, claim, targets, scored)]
    if claim.is_of_spectra and not any(one.own.songs for one in measured):
        return []  # the recordings of this scale end below the frequencies in question
    own, common = _evidence(claim, measured)
    verdict, p_value = conclude(claim, own, alpha)
    on_common, p_common = conclude(claim, common, alpha) if common else ("", NAN)
    total = {
        "verdict": together(verdict, on_common) if common else verdict,
        "p_value": p_value,
        "p_adjusted": p_value,
        "verdict_common_frames": on_common,
        "p_common_frames": p_common,
        "published_verdict": in_print(claim, [one.printed for one in measured]),
    }
    rows = _case_rows(params, paper, claim, measured, decides=True)
    beside = single_cases(paper, claim, targets, scored) if claim.quantifier == "mean" else []
    if len(beside) > len(measured):
        singles = [_measured(params, claim, source, case, printed) for case in beside]
        return [*rows, *_case_rows(params, paper, claim, singles, decides=False), _total_row(rows, total)]
    return [*rows, _total_row(rows, total)]


def _printed_rows(
    params: Params, paper: Paper, claim: Claim, source: Source, targets: Sequence[str], scored: Scored
) -> list[dict[str, Any]]:
    """The rows of a claim that cells are as printed: each is or is not; those that are not printed are left out."""
    printed = printed_values(params, paper, claim)
    cases = cases_of(paper, claim, targets, scored)
    rows = [_printed_row(params, paper, claim, source, case, printed) for case in cases]
    rows = [row for row in rows if np.isfinite(row["effect"])]
    if not rows:
        return []
    right = sum(row["verdict"] == HOLDS for row in rows)
    return [*rows, _total_row(rows, {"verdict": HOLDS if right >= enough(claim, len(rows)) else FAILS})]


def _printed_row(
    params: Params, paper: Paper, claim: Claim, source: Source, case: Case, printed: Printed
) -> dict[str, Any]:
    """How far a cell is from the printed one."""
    terms, left_out = source.terms(case, common=False)
    cell = sum(term.weight * term.quantity.in_table() for term in terms)
    off = cell - printed_effect(claim, case, printed)
    return _identity(params, paper, claim) | {
        "target": case.label,
        "verdict": HOLDS if is_right(claim, off) else FAILS,
        "effect": off,
        "effect_in_table": off,
        "decides": "yes",
        "songs": min(len(term.quantity.songs) for term in terms),
        "songs_left_out": left_out,
        "scope": "",
        "seeds": 0,
    }


def _evidence(claim: Claim, measured: Sequence[Measured]) -> tuple[list[Evidence], list[Evidence]]:
    """On each side's own frames, and on common ones where there are frames."""
    own = [evidence(claim, one.own) for one in measured]
    return own, [evidence(claim, one.common) for one in measured if one.common is not None]


def _case_rows(
    params: Params, paper: Paper, claim: Claim, measured: Sequence[Measured], decides: bool
) -> list[dict[str, Any]]:
    """One row for each of some comparisons, whose p-values are adjusted for their number."""
    own, common = _evidence(claim, measured)
    decided = single_verdicts(own, params.statistics.alpha)
    on_common = single_verdicts(common, params.statistics.alpha) if common else [("", NAN)] * len(measured)
    return [
        _row(params, paper, claim, one)
        | {
            "decides": "yes" if decides else "no",
            "verdict": together(verdict, other) if common else verdict,
            "p_value": single.p_value,
            "p_adjusted": adjusted,
            "verdict_common_frames": other,
            "p_common_frames": p_other,
        }
        for one, single, (verdict, adjusted), (other, p_other) in zip(measured, own, decided, on_common, strict=True)
    ]


def _measured(params: Params, claim: Claim, source: Source, case: Case, printed: Printed) -> Measured:
    pooled = case.pooled
    terms, left_out = source.terms(case, common=False)
    own = effect_of(params, terms, pooled)
    common = effect_of(params, source.terms(case, common=True)[0], pooled) if source.in_frames else None
    return Measured(case, own, common, left_out, printed_effect(claim, case, printed))


def _row(params: Params, paper: Paper, claim: Claim, one: Measured) -> dict[str, Any]:
    low, high = one.own.interval(params.statistics.confidence)
    common = one.common.value if one.common else NAN
    right_in_print = is_right(claim, one.printed) if np.isfinite(one.printed) else None
    return _identity(params, paper, claim) | {
        "target": one.case.label,
        "scope": scope(paper, one.case.systems, one.own.seeds),
        "effect": one.own.value,
        "ci_low": low,
        "ci_high": high,
        "songs": one.own.songs,
        "songs_left_out": one.left_out,
        "seeds": one.own.seeds,
        "effect_common_frames": common,
        "effect_in_table": one.own.in_table,
        "published_effect": one.printed,
        "published_verdict": "" if right_in_print is None else HOLDS if right_in_print else FAILS,
    }


def _identity(params: Params, paper: Paper, claim: Claim) -> dict[str, Any]:
    corpora = [side.corpus for side in claim.sides if side.corpus] or [claim.corpus]
    standin = any(params.every_corpus[name].standin is not None for name in corpora)
    return dict.fromkeys(COLUMNS) | {
        "claim": claim.id,
        "asked_by": THE_PAPER if claim in paper.claims else US,
        "statement": claim.statement,
        "source": claim.source,
        "corpus": params.every_corpus[corpora[0]].title,
        "metric": claim.metric,
        "statistic": claim.statistic,
        "expect": claim.expect,
        "margin": claim.margin,
        "quantifier": claim.quantifier,
        "standin": standin,
    }


def scope(paper: Paper, systems: Sequence[str], seeds: int) -> str:
    """Of which trainings a verdict is; '' where nothing is trained."""
    owners = dict.fromkeys(paper.systems[name].trainings(name) for name in systems if name)
    trained = [name for name in owners if name]
    if not seeds or not trained:
        return ""
    if seeds > 1:
        return f"of {seeds} trainings each"
    several = _NUMBERS[len(trained) - 1] if len(trained) <= len(_NUMBERS) else str(len(trained))
    return "of this training" if len(trained) == 1 else f"of these {several} trainings"


def _total_row(rows: Sequence[dict[str, Any]], total: dict[str, Any]) -> dict[str, Any]:
    """The claim's own row; it repeats the numbers where there is a single comparison that decides."""
    total = {**total, "target": ALL_TARGETS, "decides": ""}
    if len(rows) == 1:
        return {**rows[0], **total}
    blank = dict.fromkeys(COLUMNS[COLUMNS.index("effect") : -1])
    left_out = max(row["songs_left_out"] for row in rows)
    longest = max((row["scope"] for row in rows), key=len)
    summary = {"scope": longest, "songs_left_out": left_out, "seeds": rows[0]["seeds"]}
    return {**rows[0], **blank, **summary, **total}


def _counted_rows(params: Params, paper: Paper, claim: Claim, results: Path) -> list[dict[str, Any]]:
    """The rows of a claim about costs: how many times less the left system takes; counted, so it holds or does not."""
    rows = []
    for left, right in claim.pairs:
        assert right is not None
        sides = [trainings_of(params, paper, side.system) for side in (left, right)]
        if not all(sides):
            return []
        one, other = (system_cost(needed, claim.metric, results) for needed in sides)  # type: ignore[arg-type]
        rows.append(_counted_row(params, paper, claim, (left.system, right.system), other / one))
    verdicts = {row["verdict"] for row in rows}
    total = {
        "verdict": HOLDS if verdicts == {HOLDS} else FAILS,
        "published_verdict": in_print(claim, [row["published_effect"] for row in rows]),
    }
    return [*rows, _total_row(rows, total)]


def _counted_row(params: Params, paper: Paper, claim: Claim, systems: tuple[str, str], times: float) -> dict[str, Any]:
    printed = printed_times(paper, claim, *systems)
    return _identity(params, paper, claim) | {
        "target": " over ".join(paper.systems[name].label for name in systems),
        "verdict": HOLDS if times >= claim.margin * (1 - _ROUNDING) else FAILS,
        "effect": times,
        "decides": "yes",
        "published_effect": printed,
        "published_verdict": in_print(claim, [printed]),
        "songs_left_out": 0,
        "scope": "",
        "seeds": 0,
    }
