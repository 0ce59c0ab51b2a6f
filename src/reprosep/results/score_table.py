"""Tables of separation scores: every cell as published and as reproduced, in two ways of choosing frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from reprosep.experiments.cells import Cell, table_cells
from reprosep.papers.measures import OF_GATES
from reprosep.params.scale import Params
from reprosep.results.aggregate import Pair, Scores, pair_songs, summarise
from reprosep.results.table_kind import ShownTable, TableKind
from reprosep.results.tidy import TidyRows, tidy_row


def table_rows(params: Params, scores: Scores, cells: Iterable[Cell], common: bool) -> TidyRows:
    """Tidy rows of a table's cells, in the order of the paper.

    With `common`, every cell is computed on the frames that have a finite score in all (system, variant) pairs which
    the table compares for the cell's corpus and target.
    """
    cells = list(cells)
    compared: dict[tuple[str, str], set[Pair]] = {}
    for cell in cells:
        compared.setdefault((cell.corpus, cell.target), set()).add((cell.system, cell.variant))
    songs = {key: scores.songs(*key, pairs, common) for key, pairs in compared.items()}
    return [_row(params, cell, songs[cell.corpus, cell.target]) for cell in cells]


def _row(params: Params, cell: Cell, songs: pd.DataFrame) -> dict[str, Any]:
    summary = summarise(params, pair_songs(songs, (cell.system, cell.variant)), cell.metric, cell.statistic)
    if cell.metric in OF_GATES:  # the same for every song
        summary = replace(summary, low=np.nan, high=np.nan)
    title = params.corpora[cell.corpus].title
    return tidy_row(cell.row, cell.column, cell.metric, cell.published, summary, title)


def _rows(shown: ShownTable) -> TidyRows:
    cells = table_cells(shown.params, shown.paper, shown.table)
    return table_rows(shown.params, shown.scores, cells, shown.common)


SCORES = TableKind(rows=_rows, unit="dB", has_one_axis=True)
