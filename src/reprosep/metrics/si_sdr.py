"""Scale-invariant ratios over whole songs.

The estimate ŝ is split by plain projections, without filters: onto its own reference s_j, and onto the span of all
references,

    e_target = α s_j,  α = <ŝ, s_j> / |s_j|²      e_interf = P ŝ - e_target      e_artif = ŝ - P ŝ

    SI-SDR = |e_target|² / |ŝ - e_target|²   SI-SIR = |e_target|² / |e_interf|²   SI-SAR = |e_target|² / |e_artif|².

All channels of a source share one scale. A silent reference or estimate has no score (NaN).

References
----------
Le Roux, Wisdom, Erdogan and Hershey: SDR - half-baked or well done? ICASSP 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reprosep.metrics.bsseval import AnySignals, decibel
from reprosep.metrics.signals import Signals, as_signals
from reprosep.metrics.whole_song import chosen, read_together


@dataclass(frozen=True)
class ScaleInvariantScores:
    """Scores in dB, ``(source,)``."""

    SI_SDR: np.ndarray
    SI_SIR: np.ndarray
    SI_SAR: np.ndarray


def si_sdr(
    references: AnySignals, estimates: AnySignals, sources: Sequence[int] | None = None, zero_mean: bool = False
) -> ScaleInvariantScores:
    """SI-SDR, SI-SIR and SI-SAR of every estimate against its reference.

    Parameters
    ----------
    references, estimates
        ``(source, sample)`` or ``(source, sample, channel)``; estimates are cut or padded with zeros.
    sources
        Which references are estimated; all, in order, when not given.
    zero_mean
        Subtract the mean of every channel first, as the Slakh authors do.

    Raises
    ------
    ValueError
        When shapes do not fit or a sample is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> references = np.random.default_rng(0).normal(size=(2, 8000))
    >>> si_sdr(references, 0.5 * references + 0.05 * references[::-1]).SI_SDR.round(1)
    array([20.1, 19.9])
    """
    song = _Song(as_signals(references), as_signals(estimates), zero_mean)
    numbers = chosen(*song.signals, sources)
    gram, cross = song.products()
    power = np.diagonal(gram)[numbers]
    scale = np.divide(cross[numbers, range(len(numbers))], power, out=np.zeros(len(numbers)), where=power > 0)
    mix = np.linalg.lstsq(gram, cross, rcond=None)[0]  # P ŝ_e = Σ_r mix[r, e] s_r
    errors = np.zeros((3, len(numbers)))
    for s, estimate in song.pieces():
        target, projected = scale[:, None] * s[numbers], mix.T @ s
        errors += [_energy(estimate - target), _energy(projected - target), _energy(estimate - projected)]
    ratios = decibel(scale**2 * power, errors)
    ratios[:, (power == 0) | song.silent] = np.nan
    return ScaleInvariantScores(*ratios)


class _Song:
    """References and estimates read together, all channels of a source in a row, their means subtracted if wanted."""

    def __init__(self, references: Signals, estimates: Signals, zero_mean: bool) -> None:
        self.signals = references, estimates
        self._means = [np.zeros((signals.sources, signals.channels, 1)) for signals in self.signals]
        if zero_mean:
            for pair in read_together(references, estimates):
                for mean, signals in zip(self._means, pair, strict=True):
                    mean += signals.sum(axis=2, keepdims=True) / references.samples
        self.silent = np.ones(estimates.sources, dtype=bool)

    def pieces(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pieces of references and estimates, each ``(source, channel · sample)``."""
        for pair in read_together(*self.signals):
            s, e = (signals - mean for signals, mean in zip(pair, self._means, strict=True))
            yield s.reshape(len(s), -1), e.reshape(len(e), -1)

    def products(self) -> tuple[np.ndarray, np.ndarray]:
        """Inner products of references with references and, in columns, with estimates."""
        gram = cross = np.zeros(())
        for s, e in self.pieces():
            gram, cross = gram + s @ s.T, cross + s @ e.T
            self.silent &= ~e.any(axis=1)
        return gram, cross


def _energy(rows: np.ndarray) -> np.ndarray:
    return np.einsum("rn,rn->r", rows, rows)
