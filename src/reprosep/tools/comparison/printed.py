"""The comparison for people: a verdict for the whole in a sentence, counts, and the cells that differ."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from reprosep.results.corpus_table import decimals_of
from reprosep.tools.comparison.judging import (
    DIFFERENT,
    EQUAL,
    MISSING,
    NOISE,
    NOT_JUDGED,
    NOT_PUBLISHED,
    PAPER,
    is_mean,
)
from reprosep.tools.comparison.noise import FAMILY_LEVEL
from reprosep.tools.comparison.reading import Results

_NAMED = 3  # cells in the sentence
_SHOWN_PARAMETERS = 10
SHOWN_CELLS = 20


def agrees(cells: pd.DataFrame) -> bool:
    """Whether all is equal or within noise."""
    return bool(cells["verdict"].isin([EQUAL, NOISE]).all())


def verdict_of(cells: pd.DataFrame) -> str:
    """The verdict for the whole in words."""
    single, counts = cells[~is_mean(cells)], counted(cells)
    total = len(single)
    if (cells["verdict"] == EQUAL).all():
        return f"your results equal the published ones: {total} cells"
    if agrees(cells):
        return (
            f"your results agree with the published ones within seed noise: of {total} cells {counts[EQUAL]} are equal "
            f"and {counts[NOISE]} differ by no more than another seed makes them differ"
        )
    parts = []
    if counts[DIFFERENT]:
        named = _named(single[single["verdict"] == DIFFERENT])
        parts.append(f"{counts[DIFFERENT]} of {total} cells differ from the published ones: {named}")
    elif (cells["verdict"] == DIFFERENT).any():
        means = cells[cells["verdict"] == DIFFERENT]
        names = ", ".join(f"{cell['table']} {cell['metric']}" for _, cell in means.iterrows())
        parts.append(f"no single cell differs from the published ones, but the mean of all cells does: {names}")
    if counts[MISSING]:
        parts.append(f"{_cells(counts[MISSING])} missing: {_named(single[single['verdict'] == MISSING])}")
    if counts[NOT_PUBLISHED]:
        parts.append(
            f"{_cells(counts[NOT_PUBLISHED])} not published: {_named(single[single['verdict'] == NOT_PUBLISHED])}"
        )
    if counts[NOT_JUDGED]:
        parts.append(
            f"{counts[NOT_JUDGED]} of {total} cells are not equal to the published ones, and whether that is seed "
            "noise cannot be told: those have one seed, two are needed"
        )
    return "; ".join(parts)


def counted(cells: pd.DataFrame) -> dict[str, int]:
    """How many cells have which verdict, means not counted."""
    single = cells.loc[~is_mean(cells), "verdict"]
    return {name: int((single == name).sum()) for name in (EQUAL, NOISE, DIFFERENT, NOT_JUDGED, MISSING, NOT_PUBLISHED)}


def _cells(count: int) -> str:
    return f"{count} {'cell is' if count == 1 else 'cells are'}"


def _named(cells: pd.DataFrame) -> str:
    names = [" ".join(map(str, cell)) for cell in cells[["table", "row", "column"]].head(_NAMED).to_numpy()]
    more = len(cells) - len(names)
    return "; ".join(names) + (f" and {more} more" if more else "")


def remarks(cells: pd.DataFrame, pairs: Mapping[str, tuple[Results, Results]]) -> list[str]:
    """What the verdict rests on: seeds, origin of the published results, counts, and what else differs."""
    lines = []
    for name, (own, published) in pairs.items():
        seeds = [", ".join(map(str, one.seeds)) for one in (own, published)]
        origin = "; ".join(dict.fromkeys(str(one)[:12] for one in published.record.get("commits", [])))
        hardware = "; ".join(published.record.get("hardware", []))
        provenance = ", ".join(part for part in (f"commit {origin}" if origin else "", hardware) if part)
        lines.append(f"{name}: your seeds {seeds[0]}, published {seeds[1]}{f' ({provenance})' if provenance else ''}")
    counts = counted(cells)
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count))
    fixed = cells[(cells["verdict"] == DIFFERENT) & ~cells["seeded"]]
    if len(fixed):
        lines.append(
            f"{len(fixed)} of the cells that differ depend on no seed: recordings, code or versions of packages are "
            "others than those published"
        )
    songs = cells[
        cells["songs"].notna() & cells["songs_published"].notna() & (cells["songs"] != cells["songs_published"])
    ]
    if len(songs):
        lines.append(f"{_cells(len(songs))} of another number of songs than published")
    if counts[NOISE] or counts[DIFFERENT]:
        lines.append(
            f"within seed noise: inside an interval that all cells of a run with other seeds keep in at least "
            f"{100 * (1 - FAMILY_LEVEL):.0f} of 100 runs"
        )
    return lines


def parameter_lines(differing: list[str]) -> list[str]:
    """The parameters that differ, published and own value."""
    if not differing:
        return []
    more = len(differing) - _SHOWN_PARAMETERS
    shown = [f"  {line}" for line in differing[:_SHOWN_PARAMETERS]]
    return ["your parameters differ from the published:", *shown, *([f"  and {more} more"] if more > 0 else [])]


def table_of(cells: pd.DataFrame) -> Table:
    """Cells in a table for people."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (PAPER, "table", "row", "column", "metric"):
        result.add_column(name, overflow="fold")
    for name in ("yours", "published", "within seed noise"):
        result.add_column(name, justify="right", no_wrap=True)
    result.add_column("verdict", no_wrap=True)
    for _, cell in cells.iterrows():
        decimals = decimals_of(cell["metric"])
        values = [_number(cell[name], decimals) for name in ("yours", "published")]
        interval = "" if pd.isna(cell["low"]) else f"{cell['low']:.{decimals}f} … {cell['high']:.{decimals}f}"
        names = [str(cell[name]) for name in (PAPER, "table", "row", "column", "metric")]
        result.add_row(*(Text(part) for part in (*names, *values, interval, cell["verdict"])))
    return result


def _number(value: float, decimals: int) -> str:
    return "–" if pd.isna(value) else f"{value:.{decimals}f}"
