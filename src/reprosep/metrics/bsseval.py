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
3. The energies of all parts in all frames follow from the frames' correlations (:mod:`.energies`).

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
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from reprosep.metrics.channels import Basis, principal_channels
from reprosep.metrics.conditioning import Conditioning, conditioning
from reprosep.metrics.energies import LEAST_SHARE, Filter, Kernel, embed, kernel_energies
from reprosep.metrics.frames import Framing
from reprosep.metrics.signals import Signals, as_signals
from reprosep.metrics.sweep import Lags, Sweep, Sweeper
from reprosep.metrics.toeplitz import BlockToeplitz, Dense, factor

METRICS = ("SDR", "ISR", "SIR", "SAR")
TAPS = 512
_PIECE = 1 << 16  # samples that are filtered at once

AnySignals = Signals | np.ndarray | Sequence[np.ndarray]


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


@dataclass(frozen=True)
class Parts:
    """Energies of the parts of an estimated source, each ``(frame,)``."""

    spatial: np.ndarray  # e_spat
    filtered: np.ndarray  # P_j ŝ
    interference: np.ndarray  # e_interf
    projected: np.ndarray  # P ŝ
    artifacts: np.ndarray  # e_artif
    distortion: np.ndarray  # ŝ - P_j ŝ: the distortion of version 3


class References:
    """The references of one song.

    Parameters
    ----------
    references
        Array ``(source, sample, channel)`` or :class:`~reprosep.metrics.signals.Signals`.
    window, hop
        Length and distance of frames in samples; without a window the whole song is one frame.
    taps
        Length of the distortion filters [512].
    device
        Nothing for numpy, else a torch device on which float64 transforms and products are made.
    """

    def __init__(
        self,
        references: AnySignals,
        window: int | None = None,
        hop: int | None = None,
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
    def factor(self) -> BlockToeplitz | Dense:
        """The factored equations of all references."""
        return factor(self.lags.total[None], self.signals.samples)[0]

    @cached_property
    def own_factors(self) -> list[BlockToeplitz | Dense]:
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
        values = np.stack([self._source_scores(number, position) for position in range(len(self.sources))], axis=1)
        sdr, isr, sir, sar = np.where(scored, values, np.nan)
        return Scores(sdr, isr, sir, sar, *sounding)

    def _source_scores(self, number: int, position: int) -> np.ndarray:
        """SDR, ISR, SIR and SAR ``(metric, frame)`` of one source of an estimate."""
        true = self.sweep.energy[self.references.rows_of(self.sources[position])].sum(axis=0)
        error = self.sweep.error[self._columns(number, position)].sum(axis=0)
        if self.sweep.cross is None:
            return np.stack([decibel(true, error), *np.full((3, len(true)), np.nan)])
        parts = self.parts(number, position, self.sources[position])
        ratios = [(true, error), (true, parts.spatial)]
        ratios += [(parts.filtered, parts.interference), (parts.projected, parts.artifacts)]
        return np.stack([decibel(*ratio) for ratio in ratios])

    def parts(self, number: int, position: int, source: int) -> Parts:
        """Energies of the parts of an estimate's source `position`, taken as an estimate of reference `source`."""
        assert self.sweep.cross is not None
        columns, rows = self._columns(number, position), self.references.rows_of(source)
        cross = self.sweep.cross.total[:, :, columns]
        own = self.references.own_factors[source].solve(np.ascontiguousarray(cross[:, rows]))
        every = self.references.factor.solve(np.ascontiguousarray(cross))
        energies, least = self._energies(columns, source, own, every)
        inexact = (energies <= least).any(axis=0) & self.sweep.sounds.all(axis=0)
        for frame in np.flatnonzero(inexact):
            energies[:, frame] = self._direct(int(frame), columns, source, own, every)
        return Parts(*energies)

    def _columns(self, number: int, position: int) -> slice:
        """The rows of one source of an estimate among those of all estimates."""
        channels = self.references.signals.channels
        first = (number * len(self.sources) + position) * channels
        return slice(first, first + channels)

    def _energies(
        self, columns: slice, source: int, own: np.ndarray, every: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Energies ``(part, frame)`` from correlations, and the least that are exact enough."""
        assert self.sweep.cross is not None
        lags, rows = self.references.lags.frames, self.references.rows_of(source)
        spatial = own.copy()
        spatial[0] -= self.references.basis.backward[rows, rows].T
        interference = every - embed(own, rows.start, every.shape[1])
        mine, mine_least = kernel_energies(lags[:, :, rows, rows], [Kernel.of(spatial), Kernel.of(own)])
        all_, all_least = kernel_energies(lags, [Kernel.of(interference), Kernel.of(every)])
        cross = self.sweep.cross.frames[..., columns]
        estimate = self.sweep.energy[self.sweeper.rows :][columns].sum(axis=0)
        # |ŝ - Σ v * x|² = |ŝ|² - 2 <ŝ, Σ v * x> + |Σ v * x|²
        artifacts = estimate - 2 * np.einsum("flrc,lrc->f", cross, every) + all_[1]
        distortion = estimate - 2 * np.einsum("flrc,lrc->f", cross[:, :, rows], own) + mine[1]
        energies = np.stack([*mine, *all_, artifacts, distortion])
        rounding = LEAST_SHARE * estimate
        least = np.stack([*mine_least, *all_least, all_least[1] + rounding, mine_least[1] + rounding])
        return energies, least

    def _direct(self, frame: int, columns: slice, source: int, own: np.ndarray, every: np.ndarray) -> np.ndarray:
        """Energies ``(part,)`` in one frame from the filtered signals themselves, piece by piece."""
        mine = self.references.rows_of(source)
        filter_own, filter_every = Filter(own, mine.start), Filter(every)
        energies = np.zeros(len(fields(Parts)))
        start, stop = self.references.framing.slices[frame]
        for first in range(start, stop, _PIECE):
            rows = self.sweeper.read(first, min(first + _PIECE, stop))
            true, estimate = rows[mine].copy(), rows[self.sweeper.rows :][columns]
            turned = self.sweeper.turn(rows)
            energies += _part_energies(true, estimate, filter_own(turned), filter_every(turned))
        return energies + _part_energies(0.0, 0.0, filter_own.tail, filter_every.tail)


def _part_energies(
    true: np.ndarray | float, estimate: np.ndarray | float, own: np.ndarray, every: np.ndarray
) -> np.ndarray:
    """Energies of the parts, in the order of :class:`Parts`, of samples ``(channel, sample)``."""
    parts = (own - true, own, every - own, every, estimate - every, estimate - own)
    return np.array([np.einsum("cn,cn->", part, part) for part in parts])


def decibel(signal: np.ndarray, error: np.ndarray) -> np.ndarray:
    """10 log10 of a ratio of energies; inf where the error is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, np.inf, 10 * np.log10(signal / error))


def bsseval_v4(
    references: AnySignals,
    estimates: AnySignals,
    window: int | None = 44100,
    hop: int | None = None,
    metrics: Sequence[str] = METRICS,
) -> Scores:
    """BSS Eval version 4, the numbers of museval's ``evaluate``.

    Parameters
    ----------
    references, estimates
        ``(source, sample, channel)``; estimates are cut or padded with zeros to the references' length.
    window, hop
        Frames in samples; ``hop=None`` is the window, ``window=None`` one frame over the whole song.
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
    """
    return References(references, window, hop).score(estimates, metrics=metrics)[0]
