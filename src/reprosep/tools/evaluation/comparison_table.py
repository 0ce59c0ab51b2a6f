"""The comparison of methods for the terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from reprosep.results.paired_tests import FEWEST_PAIRS
from reprosep.tools.evaluation.comparison import main_rows, same_frames
from reprosep.tools.evaluation.summary import DENSE

_NAMES = 12  # letters of the methods' names that stay in a line on a narrow terminal


def printed_comparison(comparison: pd.DataFrame, alpha: float) -> Table:
    """A table for the terminal, of the first metric alone: a row per target and pair."""
    metric = comparison["metric"].iloc[0]
    title = f"Which is better? {metric} of the first minus {metric} of the second: median over songs"
    caption = (
        f"*: p < {alpha:g} after Holm's adjustment for all tests of this table. Wins: share of songs in which the "
        "first is better. All metrics: comparison.csv"
    )
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left", **DENSE)
    table.add_column("target")
    table.add_column("first\nsecond", overflow="fold", min_width=_NAMES)
    table.add_column("dB", justify="right", no_wrap=True)
    for column in ("p (Holm)", "wins", "songs", "common frames"):
        table.add_column(column, justify="right")
    rows = main_rows(comparison)
    for place, (own, common) in enumerate(rows):
        last = place + 1 == len(rows) or rows[place + 1][0]["target"] != own["target"]
        pair = f"{own['first']}\n{own['second']}"
        table.add_row(str(own["target"]), pair, *_cells(own, common, alpha), end_section=last)
    return table


def _cells(own: dict[Any, Any], common: dict[Any, Any], alpha: float) -> list[str]:
    if not own["songs"]:
        return ["no song of both", "", "", "0", ""]
    interval = "" if np.isnan(own["low"]) else f"\n[{own['low']:+.2f}, {own['high']:+.2f}]"
    on_common = "the same" if same_frames(own) else f"{common['median']:+.2f}" if common["songs"] else "none"
    return [f"{own['median']:+.2f}{interval}", _p_value(own, alpha), f"{own['win_rate']:.0%}", _songs(own), on_common]


def _p_value(row: dict[Any, Any], alpha: float) -> str:
    if np.isnan(row["p_holm"]):
        return "too few songs" if row["songs"] < FEWEST_PAIRS else "no difference"
    return f"{row['p_holm']:.2g}{' *' if row['p_holm'] < alpha else ''}"


def _songs(row: dict[Any, Any]) -> str:
    """Songs compared, and where it is not the same how many the methods have scores for."""
    either = row["songs_first"], row["songs_second"]
    return str(row["songs"]) if set(either) == {row["songs"]} else f"{row['songs']} of {either[0]}, {either[1]}"
