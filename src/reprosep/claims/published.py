"""The effects of the papers' own printed numbers, computed as ours are: differences of cells of the claim's tables."""

from __future__ import annotations

from collections.abc import Mapping

from reprosep import papers
from reprosep.claims.cases import Case
from reprosep.claims.effects import NAN
from reprosep.papers import Claim, Paper
from reprosep.params import Params

Printed = Mapping[tuple[str, str, str, str, str], float]
"""(corpus, target, system, variant, metric) -> as printed."""


def printed_values(params: Params, paper: Paper, claim: Claim) -> Printed:
    """The cells of a claim's tables that have its statistic; doubtful ones are left out."""
    tables = [paper.tables[name] for name in claim.table]
    return {
        (cell.corpus, cell.target, cell.system, cell.variant, cell.metric): cell.published
        for table in tables
        for cell in papers.cells(params, paper, table)
        if cell.published is not None and not cell.doubtful and cell.statistic == claim.statistic
    }


def printed_effect(claim: Claim, case: Case, printed: Printed) -> float:
    """The effect of a comparison in print; NaN where a cell is missing or doubtful."""
    return sum(
        part.weight * printed.get((claim.corpus, part.target, part.side.system, part.side.variant, part.metric), NAN)
        for part in case.parts
    )
