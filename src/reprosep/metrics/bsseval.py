"""BSS Eval of a song: its references, correlated and factored once, score any number of estimates.

An estimate ŝ of source j is split into four orthogonal-as-can-be parts with the help of filters of 512 taps: P_j ŝ, the
best approximation of ŝ by filtered channels of reference j, and P ŝ, the best by filtered channels of all references.

    spatial error       e_spat   = P_j ŝ - s_j
    interference        e_interf = P ŝ - P_j ŝ
    artifacts           e_artif  = ŝ - P ŝ

    SDR = |s_j|² / |e_spat + e_interf + e_artif|²     ISR = |s_j|² / |e_spat|²
    SIR = |s_j + e_spat|² / |e_interf|²               SAR = |s_j + e_spat + e_interf|² / |e_artif|²

In version 4 the filters are those of the whole song, and the ratios are taken frame by frame, the parts of a frame
being those of the song's samples in it with the tail that the filters add. The three errors of SDR add up to ŝ - s_j,
so SDR needs no filters.

How it is computed
------------------
1. One sweep over the signals gives the correlations of every frame and of the whole song (:mod:`.correlation`).
2. The normal equations of P and of every P_j are block Toeplitz: factored once, solved per estimate (:mod:`.toeplitz`).
3. The energies of all parts in all frames follow from the frames' correlations (:mod:`.energies`), kept until then
   (:mod:`.frame_lags`); those that are too small for that are known otherwise (:mod:`.close_estimates`).

Conventions
-----------
Signals are ``(source, sample, channel)``; scores are in dB, ``(source, frame)``. Estimates are cut or padded with zeros
to the references' length. A frame in which a reference or an estimate is silent is NaN for all sources; an error of
exactly zero is inf.

References
----------
Vincent, Gribonval and Févotte: Performance measurement in blind audio source separation. IEEE TASLP 14(4), 2006.
Vincent et al.: First stereo audio source separation evaluation campaign. ICA 2007 (images: ISR).
Stöter, Liutkus and Ito: The 2018 signal separation evaluation campaign. LVA/ICA 2018 (version 4: museval).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reprosep.metrics.channels import Basis, principal_channels
from reprosep.metrics.close_estimates import Filtered, Mixtures
from reprosep.metrics.conditioning import Conditioning, conditioning
from reprosep.metrics.correlation import Plan, plan
from reprosep.metrics.energies import LEAST_SHARE, columns_of, embed, kernels, powers_of, sizes_of
from reprosep.metrics.frames import Framing
from reprosep.metrics.parts import Parts, Projection
from reprosep.metrics.signals import Signals, as_signals
from reprosep.metrics.sweep import Lags, Piece, Sweep, Sweeper
from reprosep.metrics.toeplitz import System, factor

METRICS = ("SDR", "ISR", "SIR", "SAR")
TAPS = 512
_OF_ALL = (3, 4)  # parts that need P alone, by their place in :class:`Parts`
_OF_ITS_OWN = (0, 1, 2, 5)

AnySignals = Signals | Any
""":class:`~reprosep.metrics.signals.Signals`, or arrays, tensors or lists of them."""


@dataclass(frozen=True)
class Scores:
    """Scores of an estimate in dB, each ``(source, frame)``; NaN where they were not asked for.

    Attributes
    ----------
    reference_sounds, estimate_sounds
        Whether each reference of the song and each estimated source is not silent, ``(source, frame)``.
    """

    SDR: np.ndarray
    ISR: np.ndarray
    SIR: np.ndarray
    SAR: np.ndarray
    reference_sounds: np.ndarray
    estimate_sounds: np.ndarray


class References:
    """The references of one song.

    Parameters
    ----------
    references
        Array ``(source, sample, channel)`` or :class:`~reprosep.metrics.signals.Signals`.
    window, hop
        Length and distance of frames in samples; without a window, or with an infinite one, the whole song is one.
    taps
        Length of the distortion filters [512].
    device
        Nothing for numpy, else a torch device on which float64 transforms and products are made.
    """

    def __init__(
        self,
        references: AnySignals,
        window: float | None = None,
        hop: float | None = None,
        taps: int = TAPS,
        device: str | None = None,
    ) -> None:
        self.signals = as_signals(references)
        self.framing = Framing(self.signals.samples, window, window if hop is None else hop)
        self.taps, self.device = taps, device
        self._lags: Lags | None = None  # of principal channels

    def score(
        self, *estimates: AnySignals, sources: Sequence[int] | None = None, metrics: Sequence[str] = METRICS
    ) -> list[Scores]:
        """Scores of every estimate, all in one pass over the signals.

        Parameters
        ----------
        estimates
            Each of the references' channels, with one source for every one of `sources`.
        sources
            Which references are estimated; all, in order, when not given.
        metrics
            ``("SDR",)`` alone needs no filters.

        Raises
        ------
        ValueError
            When an estimate has another number of sources or channels.
        """
        sources = list(range(self.signals.sources) if sources is None else sources)
        comparison = self.compare([as_signals(estimate) for estimate in estimates], sources, set(metrics) != {"SDR"})
        return [comparison.scores(number) for number in range(len(estimates))]

    def anew(self) -> References:
        """The same references as before any estimate, with what was factored kept.

        Products of matrices round differently when references and estimate are not correlated in one go; an estimate
        that is scored with this has, to the last bit, the scores that it has alone.
        """
        other = copy.copy(self)
        other._lags = None
        return other

    def compare(self, estimates: list[Signals], sources: list[int], filters: bool = True) -> Comparison:
        """Go over the signals once; `sources` as in :meth:`score`."""
        channels = self.signals.channels
        for estimate in estimates:
            if (estimate.sources, estimate.channels) != (len(sources), channels):
                raise ValueError(
                    f"an estimate of {estimate.sources} sources and {estimate.channels} channels, "
                    f"expected {len(sources)} sources and {channels} channels"
                )
        partners = [source * channels + channel for source in sources for channel in range(channels)] * len(estimates)
        sweeper = self._sweeper(estimates, partners)
        sweep = sweeper.sweep(self._lags is None, filters)
        self._lags = sweep.own or self._lags
        return Comparison(self, sweeper, sweep, sources)

    def _sweeper(self, estimates: list[Signals], partners: list[int]) -> Sweeper:
        basis = self.basis.forward
        return Sweeper(self.signals, estimates, partners, self.framing, self.taps, basis, self.device)

    @cached_property
    def basis(self) -> Basis:
        """The principal channels of every source."""
        return principal_channels(self.signals)

    @property
    def lags(self) -> Lags:
        """Correlations of the references' principal channels with one another."""
        if self._lags is None:
            self._lags = self._sweeper([], []).sweep(True, True).own
            assert self._lags is not None
        return self._lags

    @cached_property
    def factor(self) -> System:
        """The factored equations of all references."""
        return factor(self.lags.total[None], self.signals.samples)[0]

    @cached_property
    def own_factors(self) -> list[System]:
        """The factored equations of each reference alone."""
        rows = [self.rows_of(source) for source in range(self.signals.sources)]
        return factor(np.stack([self.lags.total[:, row, row] for row in rows]), self.signals.samples)

    @cached_property
    def conditioning(self) -> Conditioning:
        """Whether the references determine the filters."""
        return conditioning(self.lags.total, self.signals.samples, self.basis.backward)

    def rows_of(self, source: int) -> slice:
        """The rows of a source."""
        return slice(source * self.signals.channels, (source + 1) * self.signals.channels)


@dataclass(frozen=True)
class Comparison:
    """References and estimates after one pass over them."""

    references: References
    sweeper: Sweeper
    sweep: Sweep
    sources: list[int]

    def scores(self, number: int) -> Scores:
        """Scores of estimate `number`."""
        references = self.references.signals.sources
        first = references + number * len(self.sources)
        sounding = self.sweep.sounds[:references], self.sweep.sounds[first : first + len(self.sources)]
        scored = np.concatenate(sounding).all(axis=0)
        true = np.stack([self.sweep.energy[self.references.rows_of(source)].sum(axis=0) for source in self.sources])
        error = np.stack([self.sweep.error[self._columns(number, k)].sum(axis=0) for k in range(len(self.sources))])
        values = [decibel(true, error), *np.full((3, *true.shape), np.nan)]
        if self.sweep.cross is not None:
            parts = self.parts([(number, *pair) for pair in enumerate(self.sources)])
            values[1] = decibel(true, parts.spatial)
            values[2] = decibel(parts.filtered, parts.interference)
            values[3] = decibel(parts.projected, parts.artifacts)
        sdr, isr, sir, sar = np.where(scored, values, np.nan)
        return Scores(sdr, isr, sir, sar, *sounding)

    def parts(self, pairs: list[tuple[int, int, int]]) -> Parts:
        """Energies of the parts of estimated sources, each taken as an estimate of a reference.

        Parameters
        ----------
        pairs
            Number of the estimate, position of its source, number of the reference.
        """
        assert self.sweep.cross is not None
        columns = [self._columns(number, position) for number, position, _ in pairs]
        projections = [
            self._projection(column, source, filters)
            for column, (*_, source), filters in zip(columns, pairs, self._filters(columns), strict=True)
        ]
        energies, least = self._energies(projections)
        inexact = (energies <= least) & self.sweep.sounds.all(axis=0)
        if inexact.any():
            self._correct(energies, inexact, projections)
        return Parts(*energies)

    def _columns(self, number: int, position: int) -> slice:
        """The rows of one source of an estimate among those of all estimates."""
        channels = self.references.signals.channels
        first = (number * len(self.sources) + position) * channels
        return slice(first, first + channels)

    def _filters(self, columns: list[slice]) -> list[np.ndarray]:
        """Filters of all references ``(tap, row, channel)`` for every one of some sources, solved together."""
        assert self.sweep.cross is not None
        right = np.concatenate([self.sweep.cross.total[:, :, column] for column in columns], axis=2)
        size = np.abs(right).max(axis=(0, 1))
        size[size == 0] = 1.0  # so that none is solved to the precision of another
        return np.split(self.references.factor.solve(right / size) * size, len(columns), axis=2)

    def _projection(self, columns: slice, source: int, every: np.ndarray) -> Projection:
        assert self.sweep.cross is not None
        rows = self.references.rows_of(source)
        right = np.ascontiguousarray(self.sweep.cross.total[:, rows, columns])
        own = embed(self.references.own_factors[source].solve(right), rows.start, every.shape[1])
        return Projection(columns, rows, own, every)

    def _energies(self, projections: list[Projection]) -> tuple[np.ndarray, np.ndarray]:
        """Energies ``(part, pair, frame)`` from correlations, and the least that are exact enough."""
        assert self.sweep.cross is not None
        mixed = np.stack([self._of_references(one) for one in projections], axis=1)  # (tap, pair, part, row, channel)
        values = kernels(mixed.reshape(len(mixed), -1, *mixed.shape[3:]))
        columns, sizes = columns_of(values), sizes_of(values)
        own, bounds = [], []
        for lags in self.references.lags.frames:
            own.append(lags.reshape(len(lags), -1) @ columns)
            bounds.append(powers_of(lags) @ sizes)
        # (frame, pair · part) -> (part, pair, frame)
        shape = (-1, len(projections), 4)
        filtered, least = (np.concatenate(part).reshape(shape).transpose(2, 1, 0) for part in (own, bounds))
        spatial, mine, interference, every = filtered
        with_every, with_own = self._products(projections)
        rows = self.sweep.energy[self.sweeper.rows :]
        estimate = np.stack([rows[one.columns].sum(axis=0) for one in projections])
        # |ŝ - Σ v * x|² = |ŝ|² - 2 <ŝ, Σ v * x> + |Σ v * x|²
        artifacts, distortion = estimate - 2 * with_every + every, estimate - 2 * with_own + mine
        energies = np.stack([spatial, mine, interference, every, artifacts, distortion])
        least = LEAST_SHARE * np.stack([*least, least[3] + estimate, least[1] + estimate])
        return energies, least

    def _of_references(self, one: Projection) -> np.ndarray:
        """Filters whose outputs are the parts that are made of references alone: ``(tap, part, row, channel)``."""
        spatial = one.own.copy()
        spatial[0, one.rows] -= self.references.basis.backward[one.rows, one.rows].T
        return np.stack([spatial, one.own, one.every - one.own, one.every], axis=1)

    def _products(self, projections: list[Projection]) -> np.ndarray:
        """<ŝ, P ŝ> and <ŝ, P_j ŝ> in every frame, ``(2, pair, frame)``."""
        assert self.sweep.cross is not None
        width = self.sweep.cross.total.shape[2]
        filters = np.zeros((*projections[0].every.shape[:2], width, 2, len(projections)))
        for pair, one in enumerate(projections):
            filters[:, :, one.columns, 0, pair], filters[:, :, one.columns, 1, pair] = one.every, one.own
        columns = filters.reshape(-1, 2 * len(projections))
        found = [lags.reshape(len(lags), -1) @ columns for lags in self.sweep.cross.frames]
        return np.concatenate(found).reshape(-1, 2, len(projections)).transpose(1, 2, 0)

    def _correct(self, energies: np.ndarray, inexact: np.ndarray, projections: list[Projection]) -> None:
        """Put energies that are known better where those from correlations are inexact.

        An estimate that is a mixture of references, but for rounding, needs no filters for that; others are filtered.
        """
        pairs = np.flatnonzero(inexact.any(axis=(0, 2)))
        some = [projections[pair] for pair in pairs]
        exactly = Mixtures(self, some)
        parts = _OF_ALL if not inexact[list(_OF_ITS_OWN)].any() else tuple(range(len(energies)))
        filtered = Filtered(self, some, own=parts != _OF_ALL)
        for frame in np.flatnonzero(inexact.any(axis=(0, 1))).tolist():
            left = inexact[:, pairs, frame].copy()
            energies[:, pairs, frame] = exactly.settle(frame, energies[:, pairs, frame], left)
            if left.any():
                direct = filtered.energies(frame)
                for part in parts:
                    energies[part, pairs, frame] = np.where(
                        left.any(axis=0), direct[part], energies[part, pairs, frame]
                    )

    def pieces(self, frame: int) -> Iterator[tuple[Piece, np.ndarray, Plan]]:
        """A frame piece by piece: as it is, with its references in the basis, and how it is cut."""
        start, stop = self.references.framing.slices[frame]
        cut = plan(stop - start, self.references.taps, self.sweeper.rows)
        for first in range(start, stop, cut.piece):
            piece = self.sweeper.read(first, min(first + cut.piece, stop))
            yield piece, self.sweeper.turn(piece)[: self.sweeper.rows], cut


def decibel(signal: np.ndarray, error: np.ndarray) -> np.ndarray:
    """10 log10 of a ratio of energies; inf where the error is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, np.inf, 10 * np.log10(signal / error))


def bsseval_v4(
    references: AnySignals,
    estimates: AnySignals,
    window: float | None = 44100,
    hop: float | None = None,
    metrics: Sequence[str] = METRICS,
) -> Scores:
    """BSS Eval version 4, the numbers of museval's ``evaluate``.

    Parameters
    ----------
    references, estimates
        ``(source, sample, channel)``; estimates are cut or padded with zeros to the references' length.
    window, hop
        Frames in samples; ``hop=None`` is the window, ``window=None`` or infinity one frame over the whole song.
    metrics
        ``("SDR",)`` alone is far faster.

    Returns
    -------
    Scores
        dB, ``(source, frame)``.

    Raises
    ------
    ValueError
        When shapes do not fit or a sample is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> references = np.random.default_rng(0).normal(size=(2, 8000, 1))
    >>> scores = bsseval_v4(references, 0.9 * references + 0.1 * references[::-1], window=4000)
    >>> scores.SDR.round(1)
    array([[17. , 17. ],
           [16.9, 16.9]])
    """
    return References(references, window, hop).score(estimates, metrics=metrics)[0]
