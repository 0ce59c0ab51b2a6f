"""A paper's results as scalars and as scores by song, for what compares versions: `dvc metrics diff`, `dvc plots`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.files import whole_file, write_json
from reprosep.papers.measures import OF_SONGS
from reprosep.results.aggregate import METRICS, OF_TRACKS, Scores, song_scores

_DECIMALS = 4
_COLUMNS = ["corpus", "target", "system", "variant", "song", *METRICS]


def write_metrics(path: Path, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Write ``metrics.json``: table -> row -> column -> reproduced value in dB; blank cells are left out."""
    content: dict[str, dict[str, dict[str, float]]] = {}
    for name, rows in tables.items():
        for row in rows:
            if np.isfinite(row["reproduced"]):
                cells = content.setdefault(name, {}).setdefault(row["row"], {})
                cells[row["column"]] = round(float(row["reproduced"]), _DECIMALS) + 0.0
    write_json(path, content)


def write_verdicts(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write ``claims.json``: how many claims have which verdict, and every claim's effect in dB where it has one."""
    rows = list(rows)
    counts = Counter(str(row["verdict"]) for row in rows)
    effects = {
        str(row["claim"]): round(float(row["effect"]), _DECIMALS) + 0.0
        for row in rows
        if row.get("effect") is not None and np.isfinite(row["effect"])
    }
    write_json(path, {"verdicts": dict(counts), "effects": effects})


def write_songs(path: Path, scores: Scores) -> None:
    """Write ``songs.csv``: the scores of every song in dB, by corpus, target, system and variant."""
    parts = [_target_songs(scores, corpus, target) for corpus, target in scores.scored]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    table = table.drop(columns=[name for name in (OF_TRACKS, *OF_SONGS) if table[name].isna().all()])
    with whole_file(path) as temporary:
        table.round(_DECIMALS).to_csv(temporary, index=False, lineterminator="\n")


def _target_songs(scores: Scores, corpus: str, target: str) -> pd.DataFrame:
    songs = song_scores(scores.frames(corpus, target)).reset_index()
    songs.insert(0, "corpus", corpus)
    songs.insert(1, "target", target)
    return songs[_COLUMNS]
