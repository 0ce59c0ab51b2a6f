"""The verdicts of a run's claims beside the published ones, and of which trainings each is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reprosep.claims.table import ALL_TARGETS, THE_PAPER, read_claims
from reprosep.claims.verdicts import LEFT_OUT, counted

_NAMED = 6  # claims of another verdict that are listed


def claim_lines(name: str, own: Path, published: Path) -> list[str]:
    """How the paper's claims stand in two files ``claims.csv``; nothing where one of them is missing or older."""
    mine, theirs = (_verdicts(path) for path in (own, published))
    if mine is None or theirs is None:
        return []
    lines = [f"{name}: {_tally(mine)}; published: {_tally(theirs)}"]
    both = mine.join(theirs, how="inner", rsuffix="_published")
    asked = (both[["verdict", "verdict_published"]] != LEFT_OUT).all(axis=1)
    differing = both[asked & (both["verdict"] != both["verdict_published"])]
    claims = [
        f"{claim} ({row['verdict']}, published: {row['verdict_published']})" for claim, row in differing.iterrows()
    ]
    if claims:
        more = f" and {len(claims) - _NAMED} more" if len(claims) > _NAMED else ""
        lines.append(f"{name}: of another verdict than published: {', '.join(claims[:_NAMED])}{more}")
    return lines


def _verdicts(path: Path) -> pd.DataFrame | None:
    """Verdict, scope, seeds and whose it is, of every claim of the paper, or question where it is one of our own."""
    if not path.is_file():
        return None
    table = read_claims(path)
    if not {"claim", "target", "asked_by", "verdict", "scope", "seeds"} <= set(table.columns):
        return None
    whole = table[table["target"] == ALL_TARGETS]
    claims = whole[whole["asked_by"] == THE_PAPER]
    return (claims if len(claims) else whole).set_index("claim")[["verdict", "scope", "seeds", "asked_by"]]


def _tally(verdicts: pd.DataFrame) -> str:
    """For example: 21 claims, 9 holds, 12 undecided, of these trainings (one seed)."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in counted(verdicts["verdict"]).items())
    asked = "claims" if THE_PAPER in set(verdicts["asked_by"]) else "questions of our own"
    seeds = verdicts["seeds"].max()
    if pd.isna(seeds):
        return f"{len(verdicts)} {asked}, {counts}"
    scope = {0: "of published scores", 1: "of these trainings (one seed)"}.get(
        int(seeds), f"of {seeds:.0f} trainings each"
    )
    return f"{len(verdicts)} {asked}, {counts}, {scope}"
