"""What a kind of table is to those who write and show it: its rows, and how its numbers are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reprosep.papers.content import Paper, Table
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores
from reprosep.results.tidy import TidyRows


@dataclass(frozen=True)
class ShownTable:
    """A table of a paper at a scale.

    `results` is the folder ``results/<scale>``, `scores` are those of all runs of the paper; `common` is whether every
    cell is computed on the frames that all compared with it have.
    """

    params: Params
    paper: Paper
    table: Table
    results: Path
    scores: Scores
    common: bool = False


@dataclass(frozen=True)
class TableKind:
    """A kind of table.

    Parameters
    ----------
    rows
        Its cells, as tidy rows.
    is_seeded
        Whether its values are others with another training seed.
    of_the_machine
        Its metrics that tell of the machine, so that results are not compared by them.
    unit
        Of its values, on a page.
    has_one_axis
        Whether its columns are drawn on one axis.
    note
        What a page says below it.
    """

    rows: Callable[[ShownTable], TidyRows]
    is_seeded: bool = True
    of_the_machine: tuple[str, ...] = ()
    unit: str = ""
    has_one_axis: bool = False
    note: str = ""
