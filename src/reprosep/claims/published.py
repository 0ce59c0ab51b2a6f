"""The effects of the papers' own printed numbers, computed as ours are: differences of cells of the claim's tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reprosep.claims.cases import Case, Part
from reprosep.claims.effects import NAN
from reprosep.experiments.cells import table_cells
from reprosep.papers.claim import Claim, Side
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.results.aggregate import metrics_of

Printed = Mapping[tuple[str, str, str, str, str], float]
"""(corpus, target, system, variant, metric) -> as printed."""


def printed_values(params: Params, paper: Paper, claim: Claim) -> Printed:
    """The cells of a claim's tables that have its statistic; doubtful ones are left out."""
    tables = [paper.tables[name] for name in claim.table]
    return {
        (cell.corpus, cell.target, cell.system, cell.variant, cell.metric): cell.published
        for table in tables
        for cell in table_cells(params, paper, table)
        if cell.published is not None and not cell.doubtful and cell.statistic == claim.statistic
    }


def printed_effect(claim: Claim, case: Case, printed: Printed) -> float:
    """The effect of a comparison in print; NaN where a cell is missing or doubtful."""
    return sum(part.weight * _printed_part(claim, part, printed) for part in case.parts)


def _printed_part(claim: Claim, part: Part, printed: Printed) -> float:
    left, *right = (_printed(claim, part, side, part.metric, printed) for side in part.sides)
    return left - sum(right)


def _printed(claim: Claim, part: Part, side: Side, metric: str, printed: Printed) -> float:
    """A printed cell; an Avg that is doubtful or not printed is made of the printed SDR, SIR and SAR."""
    value = printed.get((claim.corpus, part.target, side.system, side.variant, metric), NAN)
    if metric != "Avg" or np.isfinite(value):
        return value
    return float(np.mean([_printed(claim, part, side, one, printed) for one in metrics_of(metric)]))


def printed_times(paper: Paper, claim: Claim, left: str, right: str) -> float:
    """How many times less the left system costs in print; NaN where its table does not tell."""
    table = paper.tables[claim.table[0]] if claim.table else None
    if table is None:
        return NAN
    column = next((place for place, one in enumerate(table.columns) if one.cost == claim.metric), None)
    values = dict(zip((row.system for row in table.rows), table.published, strict=True))
    if column is None or left not in values or right not in values:
        return NAN
    one, other = values[left][column], values[right][column]
    return float(other) / float(one) if one and other else NAN
