"""What claims about separation compare: a table's cell, of the songs that both sides of a comparison have.

A song counts where every training of both sides has a score of it; others are left out and counted, so that no training
stands in for another. Scores are medians over frames, on each side's own frames or on the frames that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reprosep.claims.effects import Resamples
from reprosep.results.aggregate import Pair, Scores, metrics_of, seed_cubes
from reprosep.results.intervals import Values, statistic_of

OfSongs = Literal["median", "mean"]


@dataclass(frozen=True)
class ScoreQuantity:
    """A cell of a table: a statistic over songs, pooled over sources, mean over metrics (Avg has three).

    `values` are of shape (seed, metric, source, song) in dB, NaN where a song does not count.
    """

    corpus: str
    group: str
    system: str
    songs: Sequence[str]
    values: Values
    statistic: OfSongs

    def value(self) -> float:
        """The cell, from the mean over seeds of every song's scores."""
        return float(self._cell(self.values.mean(axis=0)))

    def by_seed(self) -> Values:
        """The cell of every training."""
        return np.array([self._cell(one) for one in self.values])

    def drawn(self, resamples: Resamples) -> Values:
        """The cell of every resample; songs that have no such target are drawn, too, and count for nothing."""
        mean = self.values.mean(axis=0)
        known = {song: place for place, song in enumerate(self.songs)}
        full = np.full((*mean.shape[:2], len(resamples.songs)), np.nan)
        full[..., [place for place, song in enumerate(resamples.songs) if song in known]] = mean[
            ..., [known[song] for song in resamples.songs if song in known]
        ]
        drawn = full[..., resamples.drawn]  # (metric, source, resample, song)
        return np.asarray(
            statistic_of(np.moveaxis(drawn, 1, -2).reshape(len(full), len(resamples.drawn), -1), self.statistic).mean(
                axis=0
            )
        )

    def _cell(self, scores: Values) -> Values:
        return np.asarray(statistic_of(scores.reshape(len(scores), -1), self.statistic).mean())


@dataclass(frozen=True)
class Compared:
    """The quantities of several systems on the same songs, and how many songs were left out."""

    quantities: list[ScoreQuantity]
    left_out: int


def on_same_songs(
    scores: Scores,
    corpus: str,
    target: str,
    sides: Sequence[tuple[Pair, bool]],
    metric: str,
    statistic: OfSongs,
    common: bool,
) -> Compared:
    """The cells of several (system, variant) pairs and whether each is trained, of the songs that all have.

    `common` says whether frames without a score on one side are left out on all.

    Raises
    ------
    UserError
        When a pair was not scored.
    """
    pairs = [pair for pair, _ in sides]
    cubes = seed_cubes(scores.frames(corpus, target, pairs), pairs, metrics_of(metric), common)
    complete = np.all([np.isfinite(cube.values).all(axis=(0, 1)) for cube in cubes], axis=0)  # (source, song)
    known = np.any([np.isfinite(cube.values).any(axis=(0, 1)) for cube in cubes], axis=0)
    kept = complete.any(axis=0)
    group = f"{corpus}/{target}/{metric}"
    songs = [song for song, counts in zip(cubes[0].songs, kept, strict=True) if counts]
    quantities = [
        ScoreQuantity(
            corpus,
            group,
            system if trained else "",
            songs,
            np.where(complete, cube.values, np.nan)[..., kept],
            statistic,
        )
        for cube, ((system, _), trained) in zip(cubes, sides, strict=True)
    ]
    return Compared(
        quantities, int((known & ~complete).any(axis=0).sum() - (known & ~complete).any(axis=0)[kept].sum())
    )
