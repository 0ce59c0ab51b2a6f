"""What claims about separation compare: paired differences of songs' scores, and the difference of a table's cells.

Conventions
-----------
- Two sides are compared song by song (and source by source, where sources are pooled): the effect is the median or mean
  over songs of left minus right. Beside it stands the difference of two cells, each the median over songs of one side:
  it is what a paper's table tells, but of two medians only the songs in the middle count. For means they are the same.
- A song counts where every training of both sides has a score of it; others are left out and counted, so that no
  training stands in for another. Avg of a song is the mean of its SDR, SIR and SAR.
- Scores are medians over frames, on each side's own frames or on the frames that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from reprosep.claims.effects import Resamples
from reprosep.results.aggregate import Cube, Pair, Scores, metrics_of
from reprosep.results.intervals import Values, statistic_of

OfSongs = Literal["median", "mean"]
Which = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ScoreQuantity:
    """A statistic over songs of the difference of two sides, or of the scores of one.

    `left` and `right` are of shape (seed, metric, source, song) in dB, NaN where a song does not count; `right` is None
    where one side is looked at alone. `systems` names whose trainings the sides are of, '' for none.
    """

    corpus: str
    group: str
    songs: Sequence[str]
    left: Values
    right: Values | None
    systems: tuple[str, str]
    statistic: OfSongs

    def value(self) -> float:
        """The effect, from the mean over seeds of every song's scores."""
        return float(self._effect(*self._means()))

    def in_table(self) -> float:
        """The difference of the cells of a table that has these songs."""
        left, right = self._means()
        return float(self._cell(left) - (self._cell(right) if right is not None else 0.0))

    def trainings(self) -> dict[str, Values]:
        """The effect with every training of a side, the other side being the mean of its own; by system."""
        left, right = self._means()
        if self.right is not None and self.systems[0] == self.systems[1]:
            pairs = [self._effect(*pair) for pair in zip(self.left, self.right, strict=True)]
            return {self.systems[0]: np.array(pairs)} if self.systems[0] else {}
        effects = {self.systems[0]: np.array([self._effect(one, right) for one in self.left])}
        if self.right is not None:
            effects[self.systems[1]] = np.array([self._effect(left, one) for one in self.right])
        return {system: values for system, values in effects.items() if system}

    def drawn(self, resamples: Resamples) -> Values:
        """The effect of every resample; songs that do not count are drawn, too, and count for nothing."""
        left, right = (None if side is None else self._among(side, resamples) for side in self._means())
        assert left is not None
        return np.asarray(self._effect(left, right))

    def _means(self) -> tuple[Values, Values | None]:
        return self.left.mean(axis=0), None if self.right is None else self.right.mean(axis=0)

    def _among(self, scores: Values, resamples: Resamples) -> Values:
        """(metric, source, resample, song) of (metric, source, song)."""
        places = {song: place for place, song in enumerate(self.songs)}
        full = np.full((*scores.shape[:2], len(resamples.songs)), np.nan)
        own = [place for place, song in enumerate(resamples.songs) if song in places]
        full[..., own] = scores[..., [places[resamples.songs[place]] for place in own]]
        return full[..., resamples.drawn]

    def _effect(self, left: Values, right: Values | None) -> Values:
        if right is None or left.shape != right.shape:  # other sources on the two sides: nothing to pair
            return self._cell(left) - (self._cell(right) if right is not None else 0.0)
        return self._over_songs((left - right).mean(axis=0))

    def _cell(self, scores: Values) -> Values:
        """Mean over metrics of the statistic: the cell of a table."""
        return np.asarray(np.mean([self._over_songs(one) for one in scores], axis=0))

    def _over_songs(self, values: Values) -> Values:
        """The statistic of (source, …, song) over sources and songs."""
        pooled = np.moveaxis(values, 0, -2)
        return statistic_of(pooled.reshape(*pooled.shape[:-2], -1), self.statistic)


@dataclass(frozen=True)
class Compared:
    """A quantity, and how many songs were left out for lack of a score on some side."""

    quantity: ScoreQuantity
    left_out: int


def compare(
    scores: Scores,
    corpus: str,
    target: str,
    sides: Sequence[tuple[Pair, str]],
    metric: str,
    statistic: OfSongs,
    common: bool,
) -> Compared:
    """One or two (system, variant) pairs with whose trainings they are of ('' for none), on the songs that both have.

    `common` says whether frames without a score on one side are left out on both.

    Raises
    ------
    UserError
        When a pair was not scored.
    """
    pairs = [pair for pair, _ in sides]
    cubes = scores.cubes(corpus, target, pairs, metrics_of(metric), common)
    values, known, kept = _complete(cubes)
    songs = [song for song, counts in zip(cubes[0].songs, kept, strict=True) if counts]
    left, right = values[0], values[1] if len(values) > 1 else None
    trained = [system for _, system in sides]
    systems = (trained[0], trained[-1] if right is not None else "")
    quantity = ScoreQuantity(corpus, f"{corpus}/{target}/{metric}", songs, left, right, systems, statistic)
    return Compared(quantity, int((known & ~kept).sum()))


def _complete(cubes: Sequence[Cube]) -> tuple[list[Values], Which, Which]:
    """Scores of the songs that all sides and trainings have; which songs any has, and which all, ``(song,)``."""
    finite = [np.isfinite(cube.values) for cube in cubes]
    sources = [one.all(axis=(0, 1)) for one in finite]  # (source, song)
    if len({one.shape for one in sources}) == 1:
        complete = [np.all(sources, axis=0)] * len(cubes)
    else:  # the sides have other sources: a song counts where both have some
        both = np.all([one.any(axis=0) for one in sources], axis=0)
        complete = [one & both for one in sources]
    kept = np.all([one.any(axis=0) for one in complete], axis=0)
    known = np.any([one.any(axis=(0, 1, 2)) for one in finite], axis=0)
    values = [np.where(one, cube.values, np.nan)[..., kept] for cube, one in zip(cubes, complete, strict=True)]
    return values, known, kept
