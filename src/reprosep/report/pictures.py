"""The report's pictures as plain values: every claim's effects on one axis, every table's values beside the paper's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reprosep.papers.claim import OF_DETECTORS, OF_HEADS
from reprosep.papers.measures import SHARES
from reprosep.report.axes import Axis, axis_of
from reprosep.results.target_names import comparison

_BEND = 0.5  # dB: the part of the claims' axis that is linear, about the size of their margins
_WIDE = 30.0  # counts and costs that differ by more than this factor are drawn on a logarithmic axis

APART = "Leakage"  # tens of dB below the other scores: drawn on an axis of its own
_MOST_ROWS = 8
_MOST_DECIDING, _FEW = 40, 12  # comparisons of a claim that are all drawn; those that are drawn of more
_SHOWN = ("effect", "low", "high", "published")

Rows = list[dict[str, Any]]
View = Mapping[str, Any]


def claims_pictures(claims: Sequence[View]) -> list[dict[str, Any]]:
    """All claims, those of one unit on one axis, but for what is apart: unit, axis and panels of one claim each."""
    kinds = [((_unit(claim), claim["metric"] == APART), claim) for claim in claims]
    pictures = []
    for unit, apart in dict.fromkeys(kind for kind, _ in kinds):
        panels = [_claim_panel(claim) for kind, claim in kinds if kind == (unit, apart)]
        shown = [row[key] for panel in panels for row in panel["rows"] for key in _SHOWN]
        shape: tuple[Any, float] = ("bent", _BEND) if unit == "dB" and not apart else ("linear", 1.0)
        axis = axis_of([*shown, *(line for panel in panels for line in panel["lines"])], *shape)
        if axis is not None:
            pictures.append({"unit": unit, "axis": axis, "panels": panels})
    return pictures


def _unit(claim: View) -> str:
    if claim["expect"] == "times-less":
        return "times"
    return "" if claim["metric"] in (*OF_DETECTORS, *OF_HEADS, *SHARES) else "dB"


def _claim_panel(claim: View) -> dict[str, Any]:
    ends = [end for end in claim["region"] if math.isfinite(end) and end]
    return {
        "claim": claim["claim"],
        "statement": claim["statement"],
        "verdict": claim["verdict"],
        "region": claim["region"],
        "margins": ends,
        "lines": [0.0, *ends],
        "rows": [_claim_row(claim, row) for row in _drawn(claim)],
        "comparisons": len(_deciding(claim)),
    }


def _drawn(claim: View) -> list[View]:
    """The comparisons that decide, of very many those nearest to being wrong; and those beside them where few are."""
    rows, deciding = claim["rows"], _deciding(claim)
    if len(rows) <= _MOST_ROWS:
        return list(rows)
    return deciding if len(deciding) <= _MOST_DECIDING else sorted(deciding, key=lambda row: _inside(claim, row))[:_FEW]


def _deciding(claim: View) -> list[View]:
    return [row for row in claim["rows"] if row.get("decides") != "no"]


def _inside(claim: View, row: View) -> float:
    """How far an effect lies inside the region in which the claim is right; below 0 outside."""
    low, high = claim["region"]
    effect = _number(row["effect"])
    return math.inf if effect is None else min(effect - low, high - effect)


def _claim_row(claim: View, row: View) -> dict[str, Any]:
    columns = ("effect", "ci_low", "ci_high", "published_effect")
    values = {key: _number(row[column]) for key, column in zip(_SHOWN, columns, strict=True)}
    return {"name": comparison(str(row["target"])), "verdict": row["verdict"], **values}


def table_panels(one_axis: bool, columns: Sequence[View], rows: Sequence[View]) -> Rows:
    """A panel per column of a table: its axis, which columns may have in common, and a row per cell."""
    cells = [[_table_row(row, row["cells"][number]) for row in rows] for number in range(len(columns))]
    apart = [any(cell and cell.get("metric") == APART for cell in column) for column in _by_column(columns, rows)]
    together = [row for column, alone in zip(cells, apart, strict=True) for row in column if not alone]
    shared = axis_of(_values(together)) if one_axis else None
    panels = []
    for column, drawn, alone in zip(columns, cells, apart, strict=True):
        axis = None if alone else shared
        axis = axis or _own_axis(_values(drawn))
        with_value = [row for row in drawn if row["value"] is not None or row["published"] is not None]
        if axis is not None and with_value:
            panels.append({"name": column["name"], "axis": axis, "rows": with_value})
    return panels


def _by_column(columns: Sequence[View], rows: Sequence[View]) -> list[list[View | None]]:
    return [[row["cells"][number] for row in rows] for number in range(len(columns))]


def _table_row(row: View, cell: View | None) -> dict[str, Any]:
    content = {"name": row["name"], "sublabel": row["sublabel"], "doubtful": bool(cell and cell["mark"])}
    keys = {"value": "reproduced", "low": "ci_low", "high": "ci_high", "published": "published"}
    return content | {key: _number(cell[column]) if cell else None for key, column in keys.items()}


def _values(rows: Rows) -> list[float | None]:
    return [row[key] for row in rows for key in ("value", "low", "high", "published")]


def _own_axis(values: list[float | None]) -> Axis | None:
    known = [value for value in values if value is not None]
    wide = bool(known) and min(known) > 0 and max(known) / min(known) > _WIDE
    return axis_of(known, "logarithmic") if wide else axis_of([0.0, *known] if known else [])


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) or not math.isfinite(value) else float(value)
