"""Claims and questions as the report shows them: what was asked in which words, what decided, how the tally stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.claims.table import ALL_TARGETS, COLUMNS, read_claims
from reprosep.claims.verdicts import FAILS, HOLDS, LEFT_OUT, counted, enough, region
from reprosep.papers.claim import Claim

_EXPECTED = {
    "greater": "left above right",
    "less": "left below right",
    "comparable": "left and right equal",
    "not-greater": "left not above right",
    "not-less": "left not below right",
    "largest": "each named target above each other",
    "smallest": "each named target below each other",
    "largest-metric": "gain above that of the other metrics",
    "times-less": "at least that many times less",
    "as-printed": "as printed",
}
_QUANTIFIERS = {"all": "all comparisons", "most": "most comparisons", "mean": "the mean over targets"}
_STATISTICS = {
    "median": "medians over songs",
    "mean": "means over songs",
    "pooled": "all songs together",
    "count": "counted",
}


def claim_views(claims: Sequence[Claim], folder: Path) -> list[dict[str, Any]]:
    """Every claim that was checked: its words, its verdict and its comparisons."""
    table = read_claims(folder / "claims.csv", COLUMNS)
    views = []
    for claim in claims:
        rows = table[(table["claim"] == claim.id) & (table["verdict"] != LEFT_OUT)].to_dict("records")
        if rows:
            views.append(_view(claim, [{str(key): value for key, value in row.items()} for row in rows]))
    return views


def _view(claim: Claim, rows: list[dict[str, Any]]) -> dict[str, Any]:
    total = next(row for row in rows if row["target"] == ALL_TARGETS)
    parts = [row for row in rows if row["target"] != ALL_TARGETS]
    words = {"quote": " ".join(claim.quote.split()), "note": " ".join(claim.note.split()), "margin": claim.margin}
    deciding = [row for row in parts if row["decides"] == "yes"]
    return {
        **total,
        **words,
        "rows": parts,
        "tally": counted(row["verdict"] for row in deciding),
        "effects": [row["effect"] for row in deciding if not pd.isna(row["effect"])],
        "region": region(claim),
        "asked": _asked(claim, len(deciding)),
        "framed": any(not pd.isna(row["effect_common_frames"]) for row in parts),
    }


def _asked(claim: Claim, comparisons: int) -> str:
    """What has to be shown, in words."""
    over = _QUANTIFIERS[claim.quantifier]
    if claim.quantifier == "most" and comparisons > 1:
        over = f"most comparisons ({enough(claim, comparisons)} of {comparisons})"
    elif claim.quantifier == "all" and comparisons == 1:
        over = "one comparison"
    margin = f" (margin {claim.margin:g})" if claim.margin else ""
    return f"{_EXPECTED[claim.expect]}{margin}, {over}, {_STATISTICS[claim.statistic]}"


def in_print(views: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many claims hold, and how many do not, of the paper's own printed numbers."""
    counts = Counter(view["published_verdict"] for view in views if not pd.isna(view["published_verdict"]))
    return {verdict: counts[verdict] for verdict in (HOLDS, FAILS)}


def any_single_seed(views: Sequence[dict[str, Any]]) -> bool:
    """Whether any verdict is of single trainings."""
    return any(view["seeds"] == 1 for view in views)
