"""Differences between quantities that are measured on songs, with what other songs and other trainings would change.

An effect is a weighted sum of quantities, such as the median over songs of what one system scores above another. What
is uncertain of it:

- *songs*: the variance of the effect when songs are drawn with replacement, each with all its targets, sources and
  metrics, n / (n - 1) times that of the bootstrap;
- *trainings*: the variance of the effect over the training seeds divided by their number, for every system. The
  variants of one system come from the same training, so what counts is how their difference varies. Two systems are
  trained independently of each other. With one seed nothing is known of it.

The interval is effect ± t · (the root of their sum), t being the quantile of Student's distribution with the degrees of
freedom of Welch and Satterthwaite. Three trainings are too few to be drawn with replacement like songs: their bootstrap
has two thirds of their variance, and its quantiles are those of many degrees of freedom. Drawing seeds within songs,
one for each, would treat what a whole training has in common as if every song had it anew.

References
----------
Efron, Tibshirani: An Introduction to the Bootstrap. Chapman & Hall, 1993, chapters 6 (standard errors) and 12.
Satterthwaite: An approximate distribution of estimates of variance components. Biometrics Bulletin, 1946.
Hesterberg: What teachers should know about the bootstrap. The American Statistician, 2015 (why n / (n - 1) and t).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import stats

from reprosep.results.intervals import FEWEST_SONGS, Resampling, Values, resample, times_drawn

NAN = float("nan")


@dataclass(frozen=True)
class Resamples:
    """Songs and how they were drawn with replacement: their places, ``(resample, song)``."""

    songs: list[str]
    drawn: npt.NDArray[np.int64]

    @cached_property
    def times(self) -> Values:
        """How often each song was drawn, ``(resample, song)``."""
        return times_drawn(self.drawn)


class Quantity(Protocol):
    """A number that songs and trainings give."""

    @property
    def corpus(self) -> str:
        """Whose songs it is of; those of two corpora are drawn independently."""

    @property
    def group(self) -> str:
        """What of a song it measures; quantities of one group have the same songs."""

    @property
    def songs(self) -> Sequence[str]:
        """The songs that it is of."""

    def value(self) -> float:
        """The number."""

    def in_table(self) -> float:
        """The same as a paper's table tells it: a difference of cells."""

    def trainings(self) -> dict[str, Values]:
        """The number with every training of a system ``(seed,)``, by system."""

    def drawn(self, resamples: Resamples) -> Values:
        """The number of every resample ``(resample,)``, NaN where it has none."""


class OfTrainings(ABC):
    """A quantity of which every training gives a number, and whose value is their mean: what a table tells of it."""

    system: str
    """Whose trainings it depends on; '' for none."""

    @cached_property
    @abstractmethod
    def by_seed(self) -> Values:
        """The number of every training ``(seed,)``."""

    def value(self) -> float:
        """The mean over seeds."""
        return float(np.mean(self.by_seed))

    def in_table(self) -> float:
        """The same."""
        return self.value()

    def trainings(self) -> dict[str, Values]:
        """The number with every training of the system, none where nothing is trained."""
        return {self.system: self.by_seed} if self.system else {}


@dataclass(frozen=True)
class Term:
    """A quantity and the factor with which it counts."""

    weight: float
    quantity: Quantity


@dataclass(frozen=True)
class Effect:
    """An effect with its standard error and degrees of freedom (NaN and 0 where they cannot be given), its songs and
    training seeds (0 where nothing is trained), and the difference of a table's cells that it goes with."""

    value: float
    error: float = NAN
    freedom: float = 0.0
    songs: int = 0
    seeds: int = 0
    in_table: float = NAN

    def interval(self, confidence: float) -> tuple[float, float]:
        """The central interval; NaN where there is no error."""
        if not np.isfinite(self.error):
            return NAN, NAN
        half = self.error * float(stats.t.ppf((1 + confidence) / 2, self.freedom)) if self.error else 0.0
        return self.value - half, self.value + half

    def above(self, bound: float) -> float:
        """p-value of "the effect is above `bound`": twice the one-sided one, at most 1; NaN where there is no error."""
        return self._tail(self.value - bound)

    def below(self, bound: float) -> float:
        """p-value of "the effect is below `bound`"."""
        return self._tail(bound - self.value)

    def _tail(self, distance: float) -> float:
        if not np.isfinite(self.error):
            return NAN
        if not self.error:
            return 0.0 if distance > 0 else 1.0
        return float(min(1.0, 2 * stats.t.sf(distance / self.error, self.freedom)))


def effect_of(settings: Resampling, terms: Sequence[Term], pooled: bool = False) -> Effect:
    """The effect of some terms.

    Parameters
    ----------
    pooled
        Whether the terms are of several targets whose mean is asked for: `songs` are then all songs together, not
        those of the target that has fewest.
    """
    value = float(sum(term.weight * term.quantity.value() for term in terms))
    in_table = float(sum(term.weight * term.quantity.in_table() for term in terms))
    groups: dict[str, list[Term]] = {}
    for term in terms:
        groups.setdefault(term.quantity.group, []).append(term)
    counts = {name: len(parts[0].quantity.songs) for name, parts in groups.items()}
    union = sorted({(term.quantity.corpus, song) for term in terms for song in term.quantity.songs})
    trained = _by_training(terms)
    songs, seeds = len(union) if pooled else min(counts.values()), min(map(len, trained.values()), default=0)
    if min(counts.values()) < FEWEST_SONGS or not np.isfinite(value):
        return Effect(value, songs=songs, seeds=seeds, in_table=in_table)
    drawn = {name: _drawn(settings, parts, union) for name, parts in groups.items()}
    parts_of_songs = {name: _variance(values) * counts[name] / (counts[name] - 1) for name, values in drawn.items()}
    uncorrected = sum(_variance(values) for values in drawn.values())
    total = _variance(np.sum(list(drawn.values()), axis=0))
    of_songs = total * sum(parts_of_songs.values()) / uncorrected if uncorrected else 0.0
    within = _freedom([(part, counts[name] - 1) for name, part in parts_of_songs.items()])
    components = [(of_songs, min(within, len(union) - 1)), *_training_variances(trained)]
    error = float(np.sqrt(sum(variance for variance, _ in components)))
    return Effect(value, error, _freedom(components), songs, seeds, in_table)


def _drawn(settings: Resampling, terms: Sequence[Term], union: Sequence[tuple[str, str]]) -> Values:
    """What the terms of one group add to the effect in every resample ``(resample,)``."""
    corpora = list(dict.fromkeys(corpus for corpus, _ in union))
    total: Values = np.zeros(settings.statistics.bootstrap)
    for term in terms:
        songs = [song for corpus, song in union if corpus == term.quantity.corpus]
        places = resample(settings, len(songs), corpora.index(term.quantity.corpus))
        total = total + term.weight * term.quantity.drawn(Resamples(songs, places))
    return total


def _variance(values: Values) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.var()) if len(finite) else 0.0


def _by_training(terms: Sequence[Term]) -> dict[str, Values]:
    """What the terms add to the effect with every training of a system ``(seed,)``, by system."""
    by_system: dict[str, Values] = {}
    for term in terms:
        for system, values in term.quantity.trainings().items():
            by_system[system] = term.weight * values + by_system.get(system, 0.0)
    return by_system


def _training_variances(trained: dict[str, Values]) -> list[tuple[float, float]]:
    """(variance, degrees of freedom) that the trainings of every system add."""
    several = [values for values in trained.values() if len(values) > 1]
    return [(float(values.var(ddof=1)) / len(values), len(values) - 1.0) for values in several]


def _freedom(components: Sequence[tuple[float, float]]) -> float:
    """Welch's and Satterthwaite's degrees of freedom of a sum of variances."""
    total = sum(variance for variance, _ in components)
    weighed = sum(variance**2 / freedom for variance, freedom in components)
    return total**2 / weighed if weighed else min((freedom for _, freedom in components), default=1.0)
