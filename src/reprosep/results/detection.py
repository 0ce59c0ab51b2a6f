"""Tables of activity detectors: LRAP and AUC at several time scales, with intervals over songs.

Conventions
-----------
The clips of all test songs are pooled; longer time scales are maxima over the clips of a song, of probabilities and
labels alike. AUC is the mean over instruments: over those that have one in every column of a row, so that an instrument
which plays in every clip of 10 s does not leave the mean of that column alone. Intervals draw songs, with all their
clips and instruments. With several seeds, values are means over seeds.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.metrics.activity import auc, lrap, pooled
from reprosep.papers.content import TRACK, Paper, Table
from reprosep.papers.measures import Measure
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.activity_scores import COLUMNS, auc_of_draws, song_draws
from reprosep.results.aggregate import Summary, read_parquet
from reprosep.results.intervals import FEWEST_SONGS, NO_INTERVAL, Values, percentile_interval
from reprosep.results.reads import detectors_of
from reprosep.results.table_kind import TableKind
from reprosep.results.tidy import TIDY

Scale = int | str


@dataclass(frozen=True)
class Detections:
    """What one run found: probabilities and labels ``(clip, instrument)`` by song."""

    instruments: list[str]
    probabilities: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]

    @property
    def songs(self) -> list[str]:
        """The songs, in order."""
        return sorted(self.labels)

    def at_scale(self, params: Params, seconds: Scale) -> Detections:
        """The same as maxima over that many seconds, or over whole songs."""
        wanted = None if seconds == TRACK else round(int(seconds) / params.detection.clip_seconds)
        parts = [
            {song: pooled(rows, wanted) for song, rows in part.items()} for part in (self.probabilities, self.labels)
        ]
        return Detections(self.instruments, *parts)

    def together(self) -> tuple[np.ndarray, np.ndarray]:
        """Labels and probabilities of all songs, ``(clip, instrument)``."""
        return tuple(np.concatenate([part[song] for song in self.songs]) for part in (self.labels, self.probabilities))  # type: ignore[return-value]

    def of(self, instrument: str) -> pd.DataFrame:
        """Columns song, probability and label of one instrument, a row per clip."""
        place = self.instruments.index(instrument)
        labels, probabilities = (array[:, place] for array in self.together())
        names = np.repeat(self.songs, [len(self.labels[song]) for song in self.songs])
        return pd.DataFrame({"song": names, "probability": probabilities, "label": labels})


def read_detections(results: Path, runs: Iterable[Run]) -> list[Detections]:
    """What the runs found, one per seed; :class:`UserError` when a file is missing or foreign."""
    return [_detections(read_parquet(results / "scores" / f"{run.id}.parquet", COLUMNS)) for run in runs]


def _detections(table: pd.DataFrame) -> Detections:
    instruments = list(dict.fromkeys(table["target"]))
    arrays: dict[str, dict[str, np.ndarray]] = {"probability": {}, "label": {}}
    for song, rows in table.groupby("song", sort=True):
        for name, parts in arrays.items():
            parts[str(song)] = rows.pivot(index="frame", columns="target", values=name)[instruments].to_numpy()
    return Detections(instruments, arrays["probability"], {s: rows.astype(bool) for s, rows in arrays["label"].items()})


def measured(
    params: Params, detections: Sequence[Detections], measure: Measure, seconds: Scale, instruments: Sequence[str]
) -> Summary:
    """LRAP or AUC of a detector (one :class:`Detections` per seed) at a time scale, with its interval over songs.

    AUC is the mean over `instruments`.
    """
    scaled = [one.at_scale(params, seconds) for one in detections]
    values = [whole(one, measure, instruments) for one in scaled]
    songs = scaled[0].songs if scaled else []
    low, high = (
        percentile_interval(params, draws(params, scaled, measure, instruments))
        if len(songs) >= FEWEST_SONGS
        else NO_INTERVAL
    )
    return Summary(float(np.mean(values)) if values else float("nan"), low, high, len(songs), 0)


def with_auc(detections: Iterable[Detections]) -> list[str]:
    """The instruments that have an AUC in all of some detections, such as those of several time scales.

    Detections in which no instrument has one (whole songs, where all play) have no say.
    """
    detections = list(detections)
    names = detections[0].instruments if detections else []
    known = [[np.isfinite(_auc_of(one, name)) for name in names] for one in detections]
    heard = [row for row in known if any(row)]
    return [name for place, name in enumerate(names) if heard and all(row[place] for row in heard)]


def _auc_of(detections: Detections, instrument: str) -> float:
    table = detections.of(instrument)
    return auc(table["label"].to_numpy(bool), table["probability"].to_numpy(float))


def whole(detections: Detections, measure: Measure, instruments: Sequence[str]) -> float:
    """The measure over all songs; AUC is the mean over those of `instruments` that have one."""
    if measure == "LRAP":
        return lrap(*detections.together())
    known = [value for value in (_auc_of(detections, name) for name in instruments) if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def draws(params: Params, detections: Sequence[Detections], measure: Measure, instruments: Sequence[str]) -> Values:
    """The measure when songs are drawn with replacement, mean over seeds, ``(resample,)``."""
    times = song_draws(params, len(detections[0].songs))
    each = [lrap_of_draws(one, times) if measure == "LRAP" else auc_mean(one, instruments, times) for one in detections]
    return np.asarray(np.mean(each, axis=0))


def lrap_of_draws(detections: Detections, times: Values) -> Values:
    """LRAP ``(resample,)`` when song j occurs times[resample, j] times."""
    playing = np.array([detections.labels[song].any(axis=1).sum() for song in detections.songs], dtype=float)
    each = np.array([lrap(detections.labels[song], detections.probabilities[song]) for song in detections.songs])
    total = times @ (np.nan_to_num(each) * playing)
    return np.divide(total, times @ playing, out=np.full(len(times), np.nan), where=(times @ playing) > 0)


def auc_mean(detections: Detections, instruments: Sequence[str], times: Values) -> Values:
    """Mean AUC ``(resample,)`` of some instruments when song j occurs times[resample, j] times.

    An instrument that a resample leaves with one class only keeps out of that resample's mean.
    """
    parts = np.array([auc_of_draws(detections.of(name), detections.songs, times) for name in instruments])
    known = np.isfinite(parts)
    return np.divide(
        np.nansum(parts, axis=0), known.sum(axis=0), out=np.full(len(times), np.nan), where=known.any(axis=0)
    )


def instrument_auc(params: Params, detections: Sequence[Detections], name: str, seconds: Scale) -> Summary:
    """AUC of one instrument at a time scale; `songs` are those in which it plays."""
    tables = [one.at_scale(params, seconds).of(name) for one in detections]
    values = [auc(table["label"].to_numpy(bool), table["probability"].to_numpy(float)) for table in tables]
    songs = detections[0].songs
    times = song_draws(params, len(songs))
    drawn = np.mean([auc_of_draws(table, songs, times) for table in tables], axis=0)
    low, high = percentile_interval(params, drawn) if len(songs) >= FEWEST_SONGS else NO_INTERVAL
    playing = int(tables[0].groupby("song")["label"].any().sum())
    return Summary(float(np.mean(values)), low, high, playing, len(songs) - playing)


def detection_rows(params: Params, paper: Paper, table: Table, results: Path) -> list[dict[str, Any]]:
    """Tidy rows of a table of detectors: rows are detectors, columns measures at time scales."""
    rows = []
    for entry, printed in zip(table.rows, table.published, strict=True):
        needed = detectors_of(params, paper, str(entry.system))
        detections = read_detections(results, needed)
        scales = {column.seconds for column in table.columns if column.seconds}
        instruments = with_auc(one.at_scale(params, seconds) for one in detections for seconds in scales)
        for column, published in zip(table.columns, printed, strict=True):
            if not needed:
                continue
            assert column.measure and column.seconds
            summary = measured(params, detections, column.measure, column.seconds, instruments)
            title = params.corpora[needed[0].corpus].title
            label = f"{entry.label} {entry.sublabel}".strip()
            numbers = (published, summary.value, summary.low, summary.high, summary.songs)
            rows.append(dict(zip(TIDY, (label, column.label, column.measure, *numbers, title), strict=True)))
    return rows


DETECTION = TableKind(
    rows=lambda shown: detection_rows(shown.params, shown.paper, shown.table, shown.results), has_one_axis=True
)
