"""Percentile-bootstrap intervals over songs, deterministic for a seed.

Conventions
-----------
Arrays end with the axis of songs. Every interval draws the same resamples for the same number of songs, so paired
quantities are resampled jointly and nothing depends on the order of computation.

References
----------
Efron, Tibshirani: An Introduction to the Bootstrap. Chapman & Hall, 1993, chapter 13 (percentile intervals).
"""

from __future__ import annotations

import functools
import warnings
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reprosep.papers.measures import Statistic
from reprosep.params.work import Statistics

Values = npt.NDArray[np.float64]

FEWEST_SONGS = 3
"""An interval over fewer songs is not given."""

NO_INTERVAL = (float("nan"), float("nan"))


class Resampling(Protocol):
    """Seed and settings of the bootstrap; the parameters of a scale are one."""

    @property
    def seed(self) -> int: ...
    @property
    def statistics(self) -> Statistics: ...


@functools.lru_cache(maxsize=64)
def _draws(seed: int, resamples: int, songs: int, stream: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng([seed, stream]).integers(0, songs, size=(resamples, songs))


def resample(params: Resampling, songs: int, stream: int = 0) -> npt.NDArray[np.int64]:
    """Song indices drawn with replacement (resample, song); another `stream` is independent of the first."""
    return _draws(params.seed, params.statistics.bootstrap, songs, stream)


def times_drawn(drawn: npt.NDArray[np.int64]) -> Values:
    """How often each song is drawn, ``(resample, song)`` of indices of that shape."""
    times = np.zeros(drawn.shape)
    np.add.at(times, (np.arange(len(times))[:, np.newaxis], drawn), 1.0)
    return times


def median(values: Values) -> Values:
    """Median over the last axis without the NaN; NaN where nothing is left."""
    if not np.isnan(values).any():
        return np.asarray(np.median(values, axis=-1)) if values.shape[-1] else np.full(values.shape[:-1], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=-1))


def percentile_interval(params: Resampling, statistic: Values) -> tuple[float, float]:
    """The central interval of a bootstrapped statistic (resample,), without resamples that have no finite value."""
    finite = statistic[np.isfinite(statistic)]
    if not len(finite):
        return NO_INTERVAL
    tail = (1 - params.statistics.confidence) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high)


def median_resamples(params: Resampling, values: Values, stream: int = 0) -> Values:
    """Median over songs in every resample, of values (..., song): (..., resample)."""
    return median(values[..., resample(params, values.shape[-1], stream)])


def statistic_of(values: Values, statistic: Statistic) -> Values:
    """Median, mean or standard deviation over the last axis without the NaN.

    The deviation has n - 1, as those of the M-U-Net paper: their overall ± is that of the cells with it.
    """
    if statistic == "median":
        return median(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(values, axis=-1) if statistic == "mean" else np.nanstd(values, axis=-1, ddof=1))


def pooled_interval(params: Resampling, values: Values, statistic: Statistic) -> tuple[float, float]:
    """Interval of the mean over metrics of a statistic of all values (metric, source, song), songs drawn jointly.

    Both ends are NaN for fewer than three songs.
    """
    if values.shape[-1] < FEWEST_SONGS:
        return NO_INTERVAL
    drawn = values[..., resample(params, values.shape[-1])]  # (metric, source, resample, song)
    pooled = np.moveaxis(drawn, 1, -2).reshape(len(values), drawn.shape[2], -1)
    return percentile_interval(params, statistic_of(pooled, statistic).mean(axis=0))


def median_interval(params: Resampling, values: Values) -> tuple[float, float]:
    """Interval of the mean over metrics of the median over songs, of values (metric, song), songs drawn jointly.

    Both ends are NaN for fewer than three songs.
    """
    if values.shape[-1] < FEWEST_SONGS:
        return NO_INTERVAL
    return percentile_interval(params, median_resamples(params, values).mean(axis=0))
