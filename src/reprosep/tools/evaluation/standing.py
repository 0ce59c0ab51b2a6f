"""Where methods stand among published ones, for the terminal: better than how many, and than which not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from reprosep.tools.evaluation.comparison import main_rows
from reprosep.tools.evaluation.summary import DENSE

_NAMED = 4  # methods in a cell


def printed_standing(comparison: pd.DataFrame, own: Sequence[str], alpha: float) -> Table | None:
    """A row per target and own method: the others that are better, alike and worse, nearest first; None without any."""
    pairs = [row for row, _ in main_rows(comparison) if row["songs"]]
    if not pairs:
        return None
    metric = str(comparison["metric"].iloc[0])
    table = Table(
        title=f"Among the others, by {metric} (median of the differences in dB)",
        title_justify="left",
        caption=f"Shown: p < {alpha:g} by signed ranks, after Holm's adjustment for all of them. All: comparison.csv",
        caption_justify="left",
        **DENSE,
    )
    table.add_column("target")
    table.add_column("method", overflow="fold")
    for name in ("shown to be better", "not told apart", "shown to be worse"):
        table.add_column(name)
    for target in dict.fromkeys(row["target"] for row in pairs):
        for method in own:
            mine = [_seen_from(method, row) for row in pairs if row["target"] == target]
            others = [one for one in mine if one is not None]
            table.add_row(str(target), method, *(_cell(others, kind, alpha) for kind in (-1, 0, 1)))
    return table


def _seen_from(method: str, row: dict[Any, Any]) -> tuple[str, float, float] | None:
    """The other method of a pair, by how much this one is better, and the adjusted p-value."""
    if method == row["first"]:
        return str(row["second"]), float(row["median"]), float(row["p_holm"])
    return (str(row["first"]), -float(row["median"]), float(row["p_holm"])) if method == row["second"] else None


def _cell(others: list[tuple[str, float, float]], kind: int, alpha: float) -> str:
    chosen = [(name, gain) for name, gain, p_value in others if _kind(gain, p_value, alpha) == kind]
    chosen.sort(key=lambda one: abs(one[1]))
    names = ", ".join(f"{name} {0.0 - round(gain, 2):+.2f}" for name, gain in chosen[:_NAMED])
    more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    return f"{len(chosen)}: {names}{more}" if chosen else "none"


def _kind(gain: float, p_value: float, alpha: float) -> int:
    if not p_value < alpha:
        return 0
    return 1 if gain > 0 else -1
