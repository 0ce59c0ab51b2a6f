"""The scores of single runs: the median over songs of the medians over frames, with its interval over songs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from reprosep.papers.run import Run
from reprosep.papers.system import ALL_VARIANTS
from reprosep.params.scale import Params
from reprosep.results.aggregate import METRICS, Scores, song_medians
from reprosep.results.intervals import median_interval

COLUMNS = ["run", "corpus", "target", "variant", "metric", "value", "ci_low", "ci_high", "songs"]


def run_scores(params: Params, results: Path, runs: Iterable[Run]) -> pd.DataFrame:
    """What runs reach on the test songs, in dB: a row per run, corpus, target, test-time variant and metric.

    Songs without a scored frame are left out. The interval is the bootstrap's over songs, NaN below three of them.

    Raises
    ------
    UserError
        When a run was not scored.
    """
    return pd.DataFrame([row for run in runs for row in _rows(params, results, run)], columns=COLUMNS)


def _place(variant: str) -> int:
    return ALL_VARIANTS.index(variant) if variant in ALL_VARIANTS else len(ALL_VARIANTS)


def _rows(params: Params, results: Path, run: Run) -> list[list[object]]:
    scores, rows = Scores(results, [run]), list[list[object]]()
    for corpus, target in scores.scored:
        medians = song_medians(scores.frames(corpus, target))
        parts = {str(variant): songs for variant, songs in medians.groupby(level="variant")}
        for variant in sorted(parts, key=_place):
            songs = parts[variant]
            for metric in METRICS:
                values = songs[metric].dropna().to_numpy(dtype=float)
                if len(values):
                    low, high = median_interval(params, values[None])
                    found = [float(pd.Series(values).median()), low, high, len(values)]
                    rows.append([run.id, corpus, target, variant, metric, *found])
    return rows
