"""Energies of parts that are too small to be told from correlations: of estimates that are all but mixtures."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from reprosep.metrics.energies import Filter
from reprosep.metrics.parts import Parts, Projection
from reprosep.metrics.toeplitz import independent

if TYPE_CHECKING:
    from reprosep.metrics.bsseval import Comparison

_ROUNDING = 1e-12  # share of a signal, 120 dB below it: errors that small are those of rounding, here and in museval


class Mixtures:
    """What is left of estimated sources when the best mixture of the references without any filters is taken away.

    The artifacts are those of what is left; so is the interference, when channels of reference j alone were taken away;
    the spatial error is that of the difference to the reference. Where these are nothing but rounding, so
    are the parts that are projections of them, and they stand for these.
    """

    def __init__(self, comparison: Comparison, projections: list[Projection]) -> None:
        assert comparison.sweep.cross is not None
        self._comparison, self._projections = comparison, projections
        powers, products = comparison.references.lags.total[0], comparison.sweep.cross.total[0]
        whole = slice(0, len(powers))
        self._gains = np.concatenate(
            [_gains(powers, products[:, one.columns], rows) for one in projections for rows in (one.rows, whole)],
            axis=1,
        ).T  # (pair · (own, every) · channel, row)

    def settle(self, frame: int, energies: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Energies ``(part, pair)`` of a frame with those put in that are sure now; these are not `left` any more."""
        own, every = self._left_over(frame)
        sweep = self._comparison.sweep
        true = np.array([sweep.energy[one.rows, frame].sum() for one in self._projections])
        sizes = np.stack([true, energies[1], energies[1], energies[3], energies[3], energies[1]])
        errors = np.stack([self._differences(frame), sizes[1], own, sizes[3], every, own])
        sure = left & (errors <= _ROUNDING * sizes)
        left &= ~sure
        return np.where(sure, np.maximum(errors, np.finfo(float).eps ** 2 * sizes), energies)

    def _differences(self, frame: int) -> np.ndarray:
        """Energies of estimated sources minus their references, ``(pair,)``; infinite where that was not measured."""
        sweeper, error = self._comparison.sweeper, self._comparison.sweep.error[:, frame]
        partners = np.array(sweeper.partners)
        found = [
            error[one.columns].sum()
            if np.array_equal(partners[one.columns], np.arange(one.rows.start, one.rows.stop))
            else np.inf
            for one in self._projections
        ]
        return np.array(found)

    def _left_over(self, frame: int) -> np.ndarray:
        """Energies ``(own or every, pair)`` of what is left."""
        channels = self._comparison.references.signals.channels
        found: np.ndarray = np.zeros((len(self._projections), 2))
        for piece, turned, _ in self._comparison.pieces(frame):
            mixtures = (self._gains @ turned).reshape(len(found), 2, channels, -1)
            for pair, one in enumerate(self._projections):
                mixtures[pair] -= piece.estimated[one.columns]
            found += np.vecdot(mixtures, mixtures).sum(axis=2)
        return found.T


def _gains(powers: np.ndarray, products: np.ndarray, rows: slice) -> np.ndarray:
    """The best mixture of some rows, ``(row, channel)``; zero for the others."""
    gains = np.zeros_like(products)
    kept = independent(powers[rows, rows])
    gains[rows] = kept @ np.linalg.solve(kept.T @ powers[rows, rows] @ kept, kept.T @ products[rows])
    return gains


class Filtered:
    """Parts of estimated sources as signals: references filtered, all in one go."""

    def __init__(self, comparison: Comparison, projections: list[Projection], own: bool) -> None:
        self._comparison, self._projections = comparison, projections
        self._every = Filter(np.concatenate([one.every for one in projections], axis=2))
        self._own = Filter(np.concatenate([one.own for one in projections], axis=2)) if own else None

    def energies(self, frame: int) -> np.ndarray:
        """Energies ``(part, pair)`` in a frame; without P_j of the parts that need P alone."""
        filters = [each for each in (self._own, self._every) if each]
        for each in filters:
            each.begin()
        found = np.zeros((len(fields(Parts)), len(self._projections)))
        for piece, turned, cut in self._comparison.pieces(frame):
            outputs = [each(turned, cut.block, cut.transform) for each in filters]
            for pair, one in enumerate(self._projections):
                found[:, pair] += self._energies(pair, outputs, piece.true[one.rows], piece.estimated[one.columns])
        tails = [each.tail for each in filters]
        for pair in range(len(self._projections)):
            found[:, pair] += self._energies(pair, tails, 0.0, 0.0)
        return found

    def _energies(
        self, pair: int, outputs: list[np.ndarray], true: np.ndarray | float, estimate: np.ndarray | float
    ) -> np.ndarray:
        """Energies ``(part,)`` of samples ``(channel, sample)``, in the order of :class:`Parts`."""
        channels = self._comparison.references.signals.channels
        *own, every = (each[pair * channels : (pair + 1) * channels] for each in outputs)
        if not own:
            return np.array([0, 0, 0, _energy(every), _energy(estimate - every), 0])
        (mine,) = own
        parts = (mine - true, mine, every - mine, every, estimate - every, estimate - mine)
        return np.array([_energy(part) for part in parts])


def _energy(rows: np.ndarray) -> float:
    return float(np.vecdot(rows, rows).sum())
