"""The claims of all papers in numbers: what is asked, what holds in print, what is published of ``demo``.

The documentation's block between two comments is written by ``reprosep readme`` and nowhere typed; a test compares.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.claims.cases import Scored, cases_of
from reprosep.claims.published import printed_effect, printed_times, printed_values
from reprosep.claims.table import ALL_TARGETS, THE_PAPER, US, read_claims
from reprosep.claims.targets import scored_targets, targets_of_claim
from reprosep.claims.verdicts import BY_FRAMES, FAILS, HOLDS, LEFT_OUT, UNDECIDED, counted, in_print
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params

PAGE = Path("docs/papers/claims.md")  # in the project's folder
BEGIN, END = "<!-- claims: written by `reprosep readme` -->", "<!-- claims: end -->"
_SHORT = {HOLDS: "hold", FAILS: "do not hold", BY_FRAMES: "depend on the frames", UNDECIDED: "are undecided"}
_SHORT |= {LEFT_OUT: "are left out"}
_OF_ONE = {UNDECIDED: "is undecided", LEFT_OUT: "is left out"}  # the others are verbs in the singular


def papers() -> list[str]:
    """Those of ``make papers``."""
    return list(read_yaml(repository() / "workflow" / "examples" / "all-papers.yaml")["papers"])


def verdict_in_print(params: Params, paper: Paper, claim: Claim, scored: Scored) -> str:
    """Whether a claim holds of the paper's own printed numbers; '' where these do not tell."""
    if claim.is_counted:
        pairs = [(left.system, right.system) for left, right in claim.pairs if right is not None]
        return in_print(claim, [printed_times(paper, claim, *pair) for pair in pairs])
    if claim.is_of_print:
        return ""
    targets = targets_of_claim(params, paper, claim, scored)
    printed = printed_values(params, paper, claim)
    return in_print(claim, [printed_effect(claim, case, printed) for case in cases_of(paper, claim, targets, scored)])


def block(params: Params, published: Path) -> str:
    """The page's block: a table of all papers, and a sentence on what is published of ``demo``."""
    lines = [
        "| paper | its claims | of its own printed numbers | our questions |",
        "|---|---:|---|---:|",
    ]
    every = params.model_copy(update={"papers": papers()})
    for name in papers():
        paper = load_paper(name)
        scored = scored_targets(every, paper)
        counts = Counter(verdict_in_print(every, paper, claim, scored) for claim in paper.claims)
        parts = [f"{counts[HOLDS]} hold", f"{counts[FAILS]} do not"] if counts[HOLDS] + counts[FAILS] else []
        parts += [f"{counts['']} are not about printed numbers"] if counts[""] else []
        lines.append(f"| {paper.short} | {len(paper.claims)} | {', '.join(parts)} | {len(paper.questions)} |")
    return "\n".join([BEGIN, *lines, "", *_published(published), END])


def _published(folder: Path) -> list[str]:
    lines = []
    for name in papers():
        path = folder / name / "claims.csv"
        table = read_claims(path) if path.is_file() else pd.DataFrame()
        if "asked_by" in table.columns:
            total = table[table["target"] == ALL_TARGETS]
            parts = [
                _tally(total[total["asked_by"] == who], what)
                for who, what in ((THE_PAPER, "claims"), (US, "questions"))
            ]
            seeds = int(total["seeds"].max())
            lines.append(
                f"Published of {load_paper(name).short} at the scale `{folder.name}`, on stand-in music and with "
                f"{seeds} trainings each: {'; '.join(one for one in parts if one)}."
            )
    return lines


def _tally(rows: pd.DataFrame, what: str) -> str:
    counts = [
        f"{count} {_OF_ONE.get(verdict, verdict) if count == 1 else _SHORT[verdict]}"
        for verdict, count in counted(rows["verdict"]).items()
    ]
    return f"of {len(rows)} {what} {', '.join(counts)}" if len(rows) else ""


def with_block(text: str, written: str) -> str:
    """A page with the block replaced; :class:`UserError` when it has no place for it."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise UserError(f"{PAGE}: expected the lines '{BEGIN}' and '{END}' once each; bring them back with git")
    before, rest = text.split(BEGIN)
    return before + written + rest.split(END)[1]
