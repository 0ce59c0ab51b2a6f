"""Corpora side by side: how many songs, hours, tracks per song and kinds of instruments they have.

Conventions
-----------
Everything is counted in the catalog, so songs that the user leaves out do not count. A *track* is a stem, and a song
lasts as long as its longest. A row without a corpus of this scale has no reproduced values, only the paper's.

References
----------
Manilow et al., Slakh (WASPAA 2019), Table 1 and Section 2.4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.papers.content import Table
from reprosep.papers.measures import Count
from reprosep.params.scale import Params
from reprosep.results.categories import count_categories
from reprosep.results.table_kind import TableKind
from reprosep.results.tidy import TIDY

_HOUR = 3600.0
_DECIMALS = {"LRAP": 3, "AUC": 3, "songs": 0, "fewest-tracks": 0, "median-tracks": 1, "most-tracks": 0, "categories": 0}
_USUAL_DECIMALS = 2
_COUNTS: dict[Count, Callable[[pd.DataFrame, str], float]] = {
    "songs": lambda catalog, _: catalog["song"].nunique(),
    "hours": lambda catalog, _: catalog.groupby("song")["seconds"].max().sum() / _HOUR,
    "fewest-tracks": lambda catalog, _: catalog.groupby("song").size().min(),
    "median-tracks": lambda catalog, _: catalog.groupby("song").size().median(),
    "most-tracks": lambda catalog, _: catalog.groupby("song").size().max(),
    "categories": count_categories,
}


def corpus_rows(params: Params, table: Table, results: Path) -> list[dict[str, Any]]:
    """Tidy rows of a table of corpora: rows are corpora, columns counts.

    Raises
    ------
    UserError
        When the catalog of a corpus of this scale is missing or broken.
    """
    rows = []
    for entry, printed in zip(table.rows, table.published, strict=True):
        corpus = params.corpora.get(entry.corpus or "")
        catalog = read_table(results / str(entry.corpus) / "catalog.parquet") if corpus else None
        label = f"{entry.label} {entry.sublabel}".strip()
        for column, published in zip(table.columns, printed, strict=True):
            assert column.count is not None
            value, songs, title = np.nan, None, ""
            if corpus is not None and catalog is not None:
                value, title = float(_COUNTS[column.count](catalog, corpus.kind)), corpus.title
                songs = catalog["song"].nunique()
            values = (label, column.label, column.count, published, value, np.nan, np.nan, songs, title)
            rows.append(dict(zip(TIDY, values, strict=True)))
    return rows


def decimals_of(metric: str) -> int:
    """Decimals with which a value of a table is shown: whole songs, tracks and categories have none."""
    return _DECIMALS.get(metric, _USUAL_DECIMALS)


CORPORA = TableKind(
    rows=lambda shown: corpus_rows(shown.params, shown.table, shown.results),
    is_seeded=False,
    note="Counted in the recordings at hand; a row of dashes: a corpus that is not here.",
)
