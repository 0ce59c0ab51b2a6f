"""One pass over references and estimates: correlations, energies and silence of every frame and of the whole song."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reprosep.metrics.correlation import BLOCKS_AT_ONCE, Correlator, plan
from reprosep.metrics.frames import Framing, sounds
from reprosep.metrics.signals import Signals


@dataclass(frozen=True)
class Lags:
    """Correlations of the references with other rows: of every frame and of the whole song."""

    frames: np.ndarray  # (frame, lag, reference row, row)
    total: np.ndarray  # (lag, reference row, row)


@dataclass(frozen=True)
class Sweep:
    """What a pass found; rows are the references' and, behind them, the estimates'.

    Attributes
    ----------
    own, cross
        Correlations of the references with themselves and with the estimates, as far as they were asked for.
    energy
        Of every row, ``(row, frame)``.
    error
        Of every estimated row minus its reference's row, ``(row, frame)``.
    sounds
        Whether each source is not silent, ``(source, frame)``.
    """

    own: Lags | None
    cross: Lags | None
    energy: np.ndarray
    error: np.ndarray
    sounds: np.ndarray


@dataclass(frozen=True)
class Sweeper:
    """Reads references and estimates together.

    Attributes
    ----------
    references
        Their length is that of the song.
    estimates
        Groups of the same number of channels; cut or padded with zeros to the song's length.
    partners
        The reference row of every estimated row.
    basis
        What the references' rows are multiplied by before they are correlated, ``(row, row)``.
    """

    references: Signals
    estimates: list[Signals]
    partners: list[int]
    framing: Framing
    taps: int
    basis: np.ndarray
    device: str | None = None

    @property
    def rows(self) -> int:
        """Rows of the references."""
        return self.references.sources * self.references.channels

    def read(self, start: int, stop: int, space: int | None = None) -> np.ndarray:
        """All rows of the song from `start` to `stop` and zeros up to `space` samples: ``(row, sample)``."""
        rows = np.empty((self.rows + len(self.partners), space or stop - start))
        first, last = max(start, 0), min(stop, self.references.samples)
        rows[:, : first - start] = 0.0
        rows[:, last - start :] = 0.0
        row = 0
        for signals in (self.references, *self.estimates):
            count = signals.sources * signals.channels
            signals.read(first, rows[row : row + count, first - start : last - start])
            row += count
        return rows

    def turn(self, rows: np.ndarray) -> np.ndarray:
        """The rows with the references in the basis, in place."""
        rows[: self.rows] = self.basis @ rows[: self.rows]
        return rows

    def sweep(self, own: bool, filters: bool) -> Sweep:
        """Go over the song once.

        Parameters
        ----------
        own
            Whether to correlate the references with themselves too.
        filters
            Whether to correlate at all.
        """
        correlator = Correlator(self.rows, 0 if own else self.rows, self.taps, self.device) if filters else None
        frames = [self._slice(correlator, *part) for part in self.framing.slices]
        lags = self._lags(correlator, frames) if correlator else None
        split = self.rows if own else 0
        return Sweep(
            _columns(lags, slice(0, split)) if lags and own else None,
            _columns(lags, slice(split, None)) if lags else None,
            np.stack([frame.energy for frame in frames], axis=1),
            np.stack([frame.error for frame in frames], axis=1),
            np.stack([frame.sounds for frame in frames], axis=1),
        )

    def _slice(self, correlator: Correlator | None, start: int, stop: int) -> _Slice:
        """Correlations, energies, errors and silence of one slice, outside of which all signals count as zero."""
        rows, sums = self.rows, _Slice()
        cut = correlator.begin(stop - start) if correlator else plan(stop - start, self.taps)
        step = cut.block * BLOCKS_AT_ONCE
        for first in range(start, stop, step):
            length = min(step, stop - first)
            blocks = -(-length // cut.block)
            whole = self.read(first, min(stop, first + length + self.taps - 1), blocks * cut.block + self.taps - 1)
            piece = whole[:, :length]
            sums.energy = sums.energy + _energy(piece)
            sums.error = sums.error + _energy(piece[rows:] - piece[self.partners])
            sums.sounds = sums.sounds | sounds(piece, self.references.channels)
            if correlator:
                correlator.add(self.turn(whole), length)
        if correlator:
            sums.lags = correlator.end()
        return sums

    def _lags(self, correlator: Correlator, frames: list[_Slice]) -> Lags:
        """Of all frames, and of the whole song: the sum over the slices that make it up, and across their cuts."""
        by_frame = np.stack([frame.lags for frame in frames])
        samples, parts = self.references.samples, self.framing.slices
        if self.framing.whole:
            return Lags(by_frame, by_frame[0])
        if self.framing.hop != self.framing.window:  # frames overlap or leave gaps
            return Lags(by_frame, self._slice(correlator, 0, samples).lags)
        total = by_frame.sum(axis=0)
        if parts[-1][1] < samples:
            total += self._slice(correlator, parts[-1][1], samples).lags
        return Lags(by_frame, total + self._across(correlator))

    def _across(self, correlator: Correlator) -> np.ndarray:
        """Correlations across the ends of all frames."""
        reach = self.taps - 1
        before, after = [], []
        for start, stop in self.framing.slices:
            around = self.turn(self.read(max(start, stop - reach), stop + reach))
            length = around.shape[1] - reach
            before.append(np.pad(around[: self.rows, :length], ((0, 0), (reach - length, 0))))
            after.append(around[correlator.first :, length:])
        return correlator.across(np.stack(before, axis=1), np.stack(after, axis=1))


@dataclass
class _Slice:
    """What a pass found in one slice."""

    lags: np.ndarray = field(default_factory=lambda: np.zeros(0))
    energy: Any = 0.0
    error: Any = 0.0
    sounds: Any = False


def _energy(rows: np.ndarray) -> np.ndarray:
    return np.einsum("rn,rn->r", rows, rows)


def _columns(lags: Lags, rows: slice) -> Lags:
    """Correlations with some of the rows, copied so that the others can be forgotten."""
    return Lags(np.ascontiguousarray(lags.frames[..., rows]), np.ascontiguousarray(lags.total[..., rows]))
