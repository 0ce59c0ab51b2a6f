"""What training a system costs: trained values, passes of the training chunks, seconds of the device for an epoch or
for all.

Conventions
-----------
A system that has one network per source costs the sum of its networks; hours of training data are those of each of
them. Costs are means over training seeds.

References
----------
Kadandale et al. 2020, Table I: parameters, and iterations per epoch in units of N, the number of training chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.base.errors import UserError
from reprosep.base.files import read_json
from reprosep.papers.content import Paper, Table
from reprosep.papers.measures import Cost
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.reads import trainings_of
from reprosep.results.table_kind import TableKind
from reprosep.results.tidy import TIDY

_MILLION = 1e6
_HOUR = 3600.0  # seconds
_Record = dict[str, Any]
_COSTS: dict[Cost, Callable[[_Record], float]] = {
    "parameters": lambda record: record["parameters"] / _MILLION,
    "iterations": lambda record: record["items"] / record["epochs"] / record["chunks"],
    "seconds": lambda record: record["device_seconds"] / record["epochs"],
    "training seconds": lambda record: record["device_seconds"],
    "hours": lambda record: record["chunks"] * record["params"]["clips"]["seconds"] / _HOUR,
}


def cost_rows(params: Params, paper: Paper, table: Table, results: Path) -> list[dict[str, Any]]:
    """Tidy rows of a table of costs: rows are systems, columns costs; systems that this scale lacks have none."""
    rows = []
    for entry, printed in zip(table.rows, table.published, strict=True):
        needed = trainings_of(params, paper, str(entry.system))
        for column, published in zip(table.columns, printed, strict=True):
            if needed:
                assert column.cost
                label = f"{entry.label} {entry.sublabel}".strip()
                value = system_cost(needed, column.cost, results)
                title = params.corpora[needed[0].corpus].title
                values = (label, column.label, column.cost, published, value, np.nan, np.nan, None, title)
                rows.append(dict(zip(TIDY, values, strict=True)))
    return rows


def system_cost(needed: list[Run], cost: Cost, results: Path) -> float:
    """A cost of a system, summed over its networks.

    Raises
    ------
    UserError
        When the record of a training is missing or lacks a key.
    """
    by_seed: dict[int | None, list[float]] = {}
    for run in needed:
        path = results / "runs" / run.id / "run.json"
        try:
            by_seed.setdefault(run.seed, []).append(_COSTS[cost](read_json(path)))
        except (KeyError, TypeError, ZeroDivisionError) as error:
            raise UserError(f"{path}: no usable {error}; delete the folder {path.parent} and train again") from error
    together = np.mean if cost == "hours" else np.sum  # its networks are trained on as much each
    return float(np.mean([together(values) for values in by_seed.values()]))


COSTS = TableKind(
    rows=lambda shown: cost_rows(shown.params, shown.paper, shown.table, shown.results),
    is_seeded=False,
    of_the_machine=("seconds", "training seconds"),
)
