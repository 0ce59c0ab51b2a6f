"""Scores of a song in museval's JSON schema, to be read by its ``EvalStore`` and ``MethodStore``.

References
----------
museval 0.4: ``musdb.schema.json`` and ``TrackStore``: five decimals, NaN for what is not finite.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pandas as pd

from reprosep import __version__

MUSEVAL_VERSION = "0.4.1"
"""Of museval's whose numbers these are."""

_METRICS = ("SDR", "SIR", "SAR", "ISR")
_PRECISION = Decimal(".00001")


def museval_json(table: pd.DataFrame) -> dict[str, Any]:
    """One song's scores by one method, columns as in :mod:`.song`, as museval's ``TrackStore`` holds them."""
    targets = [
        {"name": target, "frames": [_frame(row) for row in rows.to_dict("records")]}
        for target, rows in table.groupby("target", sort=False)
    ]
    return {"targets": targets, "museval_version": MUSEVAL_VERSION, "scored_by": f"reprosep {__version__}"}


def _frame(row: dict[Any, Any]) -> dict[str, Any]:
    metrics = {metric: _rounded(row[metric]) for metric in _METRICS}
    return {"time": row["time"], "duration": row["duration"], "metrics": metrics}


def _rounded(value: float) -> float:
    return float(Decimal(value).quantize(_PRECISION)) if math.isfinite(value) else math.nan
