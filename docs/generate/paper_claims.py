"""The claims of a paper and our own questions: quotes, how they are decided, and what came out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from md_text import code, plain, table

from reprosep.claims.overview import verdict_in_print
from reprosep.claims.table import ALL_TARGETS, read_claims
from reprosep.claims.targets import scored_targets
from reprosep.papers.claim import Claim, Side
from reprosep.papers.content import Paper
from reprosep.params.files import merged
from reprosep.params.reading import parse
from reprosep.params.scale import Params

_EXPECTED = {
    "greater": "greater than",
    "less": "less than",
    "comparable": "comparable with",
    "not-greater": "not greater than",
    "not-less": "not less than",
    "largest": "the largest",
    "smallest": "the smallest",
    "largest-metric": "the largest metric",
    "times-less": "so many times less than",
    "as-printed": "as printed",
}


def statements(root: Path, name: str, paper: Paper, results: dict[str, Path]) -> list[str]:
    """Both lists, with the verdicts in committed results (scale -> their folder)."""
    computed = _verdicts(results)
    params = _params(root, name)
    scored = scored_targets(params, paper)
    parts = []
    for title, claims in (("Claims", paper.claims), ("Questions of our own", paper.questions)):
        parts += [f"## {title}"] if claims else []
        parts += [
            part
            for one in claims
            for part in _statement(one, verdict_in_print(params, paper, one, scored), computed.get(one.id, ""))
        ]
    return parts


def _params(root: Path, name: str) -> Params:
    """Parameters with which a paper's claims can be read: a scale that has its corpora, beside all other papers."""
    scale = "real" if name == "sisec2018" else "demo"
    params = parse(merged([root / "params.yaml", root / f"workflow/scales/{scale}.yaml"]))
    return params if scale == "real" else params.model_copy(update={"papers": [*dict.fromkeys([name, "activity"])]})


def _verdicts(results: dict[str, Path]) -> dict[str, str]:
    """Claim -> the verdicts on it in committed results, in words."""
    found: dict[str, list[str]] = {}
    for scale, folder in results.items():
        path = folder / "claims.csv"
        if not path.is_file():
            continue
        claims: pd.DataFrame = read_claims(path)
        for _, row in claims[claims["target"] == ALL_TARGETS].iterrows():
            found.setdefault(row["claim"], []).append(f"{row['verdict']} at scale `{scale}`")
    return {claim: ", ".join(verdicts) for claim, verdicts in found.items()}


def _statement(claim: Claim, printed: str, computed: str) -> list[str]:
    rows = [
        ["source", ", ".join(filter(None, [plain(claim.source), *map(code, claim.table)]))],
        ["decided by", plain(_rule(claim))],
        ["of the printed numbers", printed or "does not apply"],
        ["computed here", computed],
    ]
    return [
        f"### {plain(claim.statement)}",
        f"> {plain(claim.quote)}" if claim.quote else "",
        table(["claim", code(claim.id)], [row for row in rows if row[1]]),
        plain(claim.note),
    ]


def _rule(claim: Claim) -> str:
    """What is compared with what, in the words of the paper file."""
    over = {"all": "every comparison", "most": "most comparisons", "mean": "the mean over targets"}[claim.quantifier]
    left, right = _sides(claim.left), _sides(claim.right)
    margin = f" (margin {claim.margin:g})" if claim.margin else ""
    targets = f", {', '.join(claim.targets)}" if claim.targets else ""
    said = " ".join(filter(None, [left, _EXPECTED[claim.expect], right])) + margin
    return f"{claim.statistic} {claim.metric} on {claim.corpus}{targets}: {said}; {over}"


def _sides(sides: list[Side]) -> str:
    return " and ".join(_side(side) for side in sides)


def _side(side: Side) -> str:
    gate = {"none": "", "wiener": " + Wiener filter"}.get(side.variant, f" + {side.variant} gate")
    where = f" on {side.corpus}" if side.corpus else ""
    return f"{side.system or 'the corpus'}{gate}{where}"
