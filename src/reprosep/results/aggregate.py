"""From scores per frame to scores per song and per corpus, in the paper's way and on common frames.

Conventions
-----------
- All scores are in dB. A frame without a score is NaN.
- The paper's way: the median over the scored frames of a song, then the median over songs. With several training
    seeds, a song's score is the mean of its medians over seeds. A song without any scored frame, with any seed, is left
  out and counted.
- *Avg* of a table cell is the mean of that cell's SDR, SIR and SAR (the published averages of Table 4 are exactly
  that); *Avg* of a song is the mean of the song's own three medians.
- The M-U-Net paper scores whole songs: a song has one frame. Its tables give mean, standard deviation and median over
  songs; *overall* pools the songs of all sources. Intervals then draw whole songs, with all their sources.
- uSDR, Leakage, the scores of pitches and the thresholds of gates (shares, not dB) are of whole songs: every frame of a
  song has the same, so that their median is the song's.
- A frame whose estimate is exactly silent has no score, so a hard gate changes the frames that are scored. *Common
  frames* are those with a finite score in everything that is compared, metric by metric.

References
----------
Stöter, Liutkus, Ito: The 2018 signal separation evaluation campaign. LVA/ICA 2018 (medians over frames and songs).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.papers.measures import OF_SONGS, Statistic
from reprosep.papers.run import OVERALL, Run
from reprosep.params.scale import Params
from reprosep.results.intervals import Values, pooled_interval, statistic_of

FRAMED = ("SDR", "SIR", "SAR", "ISR")
OF_TRACKS = "SI-SDR"
IN_TIME = (*FRAMED, OF_TRACKS)
METRICS = (*IN_TIME, *OF_SONGS)
AVERAGED = ("SDR", "SIR", "SAR")
_KEYS = ["run", "corpus", "target", "system", "variant", "seed", "song", "frame"]

_NO_FRAMES = pd.DataFrame(columns=[*_KEYS, *METRICS, "dropped", "ill_posed"])
_POOLED = "/"  # between target and song where targets are pooled; no name of a song holds it

Pair = tuple[str, str]
"""A system and its test-time variant."""


@dataclass(frozen=True)
class Summary:
    """One number of a table: dB, its bootstrap interval over songs (NaN below three songs), songs kept and left out."""

    value: float
    low: float
    high: float
    songs: int
    silent_songs: int


def metrics_of(metric: str) -> list[str]:
    """The scored metrics behind `metric`: SDR, SIR and SAR for Avg, else itself."""
    return list(AVERAGED) if metric == "Avg" else [metric]


def read_parquet(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> pd.DataFrame:
    """The named columns of a parquet file, those that are `optional` NaN where they are missing.

    Raises
    ------
    UserError
        When the file or another column is missing.
    """
    table = read_table(path)
    table = table.assign(**{column: np.nan for column in optional if column not in table.columns})
    for column in columns:
        if column not in table.columns:
            raise UserError(f"{path}: no column '{column}'; delete the file and run the step again")
    return table[[*columns, *optional]]


@dataclass(frozen=True)
class Cube:
    """Scores of one (system, variant) pair in dB, (seed, metric, source, song), NaN where there is none."""

    songs: list[str]
    values: Values


class Scores:
    """The scores per frame of several runs.

    Parameters
    ----------
    results
        Folder of one scale, with ``scores/<run id>.parquet``.
    runs
        Which of them to read.

    Raises
    ------
    UserError
        When a score file is missing, unreadable or lacks a column.
    """

    def __init__(self, results: Path, runs: Iterable[Run]) -> None:
        self._parts: dict[tuple[str, str], pd.DataFrame] = {}
        self._cubes: dict[tuple[Any, ...], list[Cube]] = {}
        self._frames: dict[tuple[str, str, Pair], Framed] = {}
        self._rows: dict[tuple[str, str], dict[Any, Any]] = {}
        self._songs: dict[tuple[Any, ...], pd.DataFrame] = {}
        tables: dict[tuple[str, str], list[pd.DataFrame]] = {}
        for run in runs:
            path, columns = results / "scores" / f"{run.id}.parquet", [*_KEYS, *FRAMED, "dropped", "ill_posed"]
            table = read_parquet(path, columns, optional=[OF_TRACKS, *OF_SONGS])
            table["dropped"] = table["dropped"].fillna("")
            for key, part in table.groupby(["corpus", "target"], sort=False):
                tables.setdefault((str(key[0]), str(key[1])), []).append(part)
        for key, parts in tables.items():
            self._parts[key] = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)

    @property
    def scored(self) -> list[tuple[str, str]]:
        """The pairs of corpus and target that have scores."""
        return list(self._parts)

    def frames(self, corpus: str, target: str, pairs: Iterable[Pair] | None = None) -> pd.DataFrame:
        """Rows (song, variant, frame) of one target, of the given (system, variant) pairs or of all.

        Raises
        ------
        UserError
            When a pair was not scored.
        """
        table = self._all(corpus) if target == OVERALL else self._parts.get((corpus, target), _NO_FRAMES)
        if pairs is None:
            return table
        if (corpus, target) not in self._rows:
            self._rows[corpus, target] = table.groupby(["system", "variant"]).indices
        places = self._rows[corpus, target]
        for system, variant in sorted(set(pairs)):
            if (system, variant) not in places:
                raise UserError(
                    f"scores of {corpus}, {target}: nothing for system '{system}' with variant '{variant}'; "
                    "delete that run's score file and score it again"
                )
        return table.iloc[np.sort(np.concatenate([places[pair] for pair in set(pairs)]))]

    def _all(self, corpus: str) -> pd.DataFrame:
        """The rows of all targets, songs named with their target."""
        parts = [
            part.assign(song=target + _POOLED + part["song"])
            for (name, target), part in self._parts.items()
            if name == corpus
        ]
        return pd.concat(parts, ignore_index=True) if parts else _NO_FRAMES

    def cubes(
        self, corpus: str, target: str, pairs: Sequence[Pair], metrics: Sequence[str], common: bool
    ) -> list[Cube]:
        """:func:`seed_cubes` of some pairs, computed once however many comparisons ask for them."""
        key = (corpus, target, tuple(pairs), tuple(metrics), common)
        if key not in self._cubes:
            frames = [self._framed(corpus, target, pair) for pair in pairs]
            self._cubes[key] = seed_cubes(frames, metrics, common)
        return self._cubes[key]

    def _framed(self, corpus: str, target: str, pair: Pair) -> Framed:
        key = (corpus, target, pair)
        if key not in self._frames:
            self._frames[key] = Framed.of(self.frames(corpus, target, [pair]))
        return self._frames[key]

    def songs(self, corpus: str, target: str, pairs: Iterable[Pair], common: bool) -> pd.DataFrame:
        """Scores per song, in dB, of the pairs: on every pair's own frames, or on the frames common to all pairs.

        Returns
        -------
        pandas.DataFrame
            Index (system, variant, song), columns as the metrics; NaN where no frame of a song is scored.
        """
        key = (corpus, target, frozenset(pairs), common)
        if key not in self._songs:
            frames = self.frames(corpus, target, key[2])
            self._songs[key] = song_scores(on_common_frames(frames) if common else frames)
        return self._songs[key]


def on_common_frames(frames: pd.DataFrame) -> pd.DataFrame:
    """`frames` with NaN, metric by metric, wherever any training and variant among them lacks a finite score."""
    compared = len(frames[["system", "seed", "variant"]].drop_duplicates())
    finite = pd.DataFrame(np.isfinite(frames[list(METRICS)].to_numpy(dtype=float)), frames.index, list(METRICS))
    count = finite.groupby([frames["song"], frames["frame"]]).transform("sum")
    masked = frames.copy()
    masked[list(METRICS)] = frames[list(METRICS)].where(count == compared)
    return masked


def song_medians(frames: pd.DataFrame) -> pd.DataFrame:
    """Median over the scored frames: index (seed, system, variant, song), columns as the metrics, in dB.

    The seed of an oracle is -1. A system that has a network for each of its pooled targets has several runs of a seed.
    """
    seed = frames["seed"].astype("Int64").fillna(-1).astype(int)
    return frames.groupby([seed, "system", "variant", "song"])[list(METRICS)].median()


def song_scores(frames: pd.DataFrame) -> pd.DataFrame:
    """Median over the scored frames of every run, variant and song, then the mean over seeds.

    A song that lacks a score with one seed has none: the mean of the others would be of other trainings than those of
    its neighbours.

    Returns
    -------
    pandas.DataFrame
        Index (system, variant, song), columns as the metrics.
    """
    medians = song_medians(frames)
    grouped = medians.groupby(level=["system", "variant", "song"])
    scored = grouped.count()
    trainings = medians.reset_index().groupby(["system", "variant"])["seed"].nunique()
    wanted = [trainings[system, variant] for system, variant, _ in scored.index]
    return grouped.mean().where(scored.eq(wanted, axis=0))


def seed_cubes(pairs: Sequence[Framed], metrics: Sequence[str], common: bool) -> list[Cube]:
    """The scores of every training of some pairs, for all of them the same sources and songs.

    With `common` on the frames that all have a finite score in. Sources are the pooled targets; one where nothing is
    pooled.
    """
    songs = sorted({song for pair in pairs for _, song in pair.songs})
    every = sorted({name for pair in pairs for name in pair.songs})
    length = max(pair.length for pair in pairs)
    cubes = []
    masks = {metric: _common(pairs, metric, every, length) if common else None for metric in metrics}
    for pair in pairs:
        sources = sorted({source for source, _ in pair.songs})
        wanted = [(source, song) for source in sources for song in songs]
        medians = [pair.medians(metric, masks[metric], every) for metric in metrics]  # each (seed, own song)
        values = np.full((len(pair.seeds), len(metrics), len(wanted)), np.nan)
        place = {name: number for number, name in enumerate(pair.songs)}
        there = [number for number, name in enumerate(wanted) if name in place]
        values[:, :, there] = np.stack(medians, axis=1)[:, :, [place[wanted[number]] for number in there]]
        cubes.append(Cube(songs, values.reshape(len(pair.seeds), len(metrics), len(sources), len(songs))))
    return cubes


Name = tuple[str, str]
"""Source, '' where nothing is pooled, and song."""


@dataclass(frozen=True)
class Framed:
    """The frames of one (system, variant) pair as arrays: metric -> dB ``(seed, song, frame)``, NaN where none is."""

    seeds: list[int]
    songs: list[Name]
    length: int
    values: dict[str, Values]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Framed:
        """Those of the rows of a pair."""
        seeds, seed = np.unique(table["seed"].astype("Int64").fillna(-1).to_numpy(dtype=int), return_inverse=True)
        song, labels = pd.factorize(table["song"], sort=True)
        names = [str(name).rpartition(_POOLED)[::2] for name in labels]
        frame = table["frame"].to_numpy(dtype=int)
        length = int(frame.max()) + 1
        values = {}
        for metric in METRICS:
            column = table[metric].to_numpy(dtype=float)
            if not np.isnan(column).all():
                values[metric] = np.full((len(seeds), len(names), length), np.nan)
                values[metric][seed, song, frame] = column
        return cls([int(one) for one in seeds], names, length, values)

    def of_metric(self, metric: str) -> Values:
        """dB ``(seed, song, frame)`` of a metric; NaN where nothing of it was scored."""
        missing = np.full((len(self.seeds), len(self.songs), self.length), np.nan)
        return self.values.get(metric, missing)

    def medians(self, metric: str, mask: Values | None, every: Sequence[Name]) -> Values:
        """Median over frames ``(seed, song)``; with a mask ``(song of every, frame)`` over those alone."""
        values = self.of_metric(metric)
        if mask is not None:
            places = {name: number for number, name in enumerate(every)}
            own = mask[[places[name] for name in self.songs], : self.length]
            values = np.where(own, values, np.nan)
        return row_medians(values)


def _common(pairs: Sequence[Framed], metric: str, every: Sequence[Name], length: int) -> Values:
    """Where every training of every pair has a finite score, ``(song, frame)``."""
    places = {name: number for number, name in enumerate(every)}
    counts, trainings = np.zeros((len(every), length), dtype=int), 0
    for pair in pairs:
        finite = np.isfinite(pair.of_metric(metric)).sum(axis=0)
        counts[[places[name] for name in pair.songs], : pair.length] += finite
        trainings += len(pair.seeds)
    return counts == trainings


def row_medians(values: Values) -> Values:
    """Median over the last axis without the NaN; NaN where nothing is left."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = (~np.isnan(values)).sum(axis=-1)
    below, above = (
        np.take_along_axis(ordered, np.maximum(place, 0)[..., None], -1)[..., 0]
        for place in ((count - 1) // 2, count // 2)
    )
    return np.where(count > 0, (below + above) / 2, np.nan)


def pair_songs(songs: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """The songs of one (system, variant) pair, by name of song."""
    system, variant = (songs.index.get_level_values(name) for name in ("system", "variant"))
    return songs[(system == pair[0]) & (variant == pair[1])].droplevel(["system", "variant"])


def per_song(songs: pd.DataFrame, pair: Pair, metric: str) -> pd.Series:
    """One score per song in dB; Avg is the mean of the song's SDR, SIR and SAR."""
    return pair_songs(songs, pair)[metrics_of(metric)].mean(axis=1, skipna=False)


def by_song(values: pd.Series) -> pd.Series:
    """One value per song of values per song, or of pooled ones: the mean over its targets."""
    return values.groupby([str(name).rpartition(_POOLED)[2] for name in values.index]).mean()


def pooled_rows(songs: pd.DataFrame, metric: str) -> Values:
    """Scores (metric, source, song) behind `metric`, of pooled targets or of one; without songs that have none."""
    names = [str(name).rpartition(_POOLED)[::2] for name in songs.index]
    keys = pd.MultiIndex.from_tuples(names, names=["target", "song"])
    cubes = [pd.Series(songs[name].to_numpy(float), keys).unstack("song") for name in metrics_of(metric)]
    values = np.stack([cube.to_numpy(float) for cube in cubes]) if len(songs) else np.empty((len(cubes), 1, 0))
    return values[..., ~np.isnan(values).all(axis=(0, 1))]


def summarise(params: Params, songs: pd.DataFrame, metric: str, statistic: Statistic = "median") -> Summary:
    """A table cell from the songs of one pair: a statistic over songs and its interval.

    The interval of Avg resamples songs jointly and averages the three medians of each resample; that of pooled targets
    resamples songs with all their targets.
    """
    values = pooled_rows(songs, metric)
    scored = int((~np.isnan(values)).all(axis=0).any(axis=0).sum())
    low, high = pooled_interval(params, values, statistic)
    every = values.reshape(len(values), -1)
    value = float(np.mean(statistic_of(every, statistic))) if every.shape[1] else float("nan")
    named = {str(name).rpartition(_POOLED)[2] for name in songs.index}
    return Summary(value, low, high, scored, len(named) - scored)
