"""BSS Eval version 3 of mono sources over whole songs: the numbers of mir_eval's ``bss_eval_sources``.

With P_j and P the projections of :mod:`.bsseval` and filters of the whole song,

    SDR = |P_j ŝ|² / |ŝ - P_j ŝ|²     SIR = |P_j ŝ|² / |P ŝ - P_j ŝ|²     SAR = |P ŝ|² / |ŝ - P ŝ|².

References
----------
Vincent, Gribonval and Févotte 2006; Raffel et al.: mir_eval. ISMIR 2014.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprosep.metrics.bsseval import AnySignals, References, decibel
from reprosep.metrics.signals import as_signals
from reprosep.metrics.whole_song import chosen


@dataclass(frozen=True)
class SourceScores:
    """Scores in dB ``(source,)``, and for every reference the number of the estimate that was taken for it."""

    SDR: np.ndarray
    SIR: np.ndarray
    SAR: np.ndarray
    permutation: np.ndarray


def bsseval_v3(references: AnySignals, estimates: AnySignals, permute: bool = False) -> SourceScores:
    """BSS Eval version 3 for sources.

    Parameters
    ----------
    references, estimates
        ``(source, sample)``; estimates are cut or padded with zeros to the references' length.
    permute
        Look for the order of the estimates with the highest mean SIR, instead of taking it as it is.

    Raises
    ------
    ValueError
        When shapes do not fit, a sample is not finite, or a signal has more than one channel.

    Examples
    --------
    >>> import numpy as np
    >>> references = np.random.default_rng(0).normal(size=(2, 8000))
    >>> scores = bsseval_v3(references, (0.9 * references + 0.1 * references[::-1])[::-1], permute=True)
    >>> scores.SIR.round(1), scores.permutation
    (array([19.4, 19.3]), array([1, 0]))
    """
    return score_sources(References(references), as_signals(estimates), permute)


def score_sources(
    references: References, estimates: AnySignals, permute: bool = False, sources: Sequence[int] | None = None
) -> SourceScores:
    """As :func:`bsseval_v3`, for references whose equations are kept for further estimates.

    `sources` are the references that are estimated; all, in order, when not given, and always with `permute`.
    """
    estimates = as_signals(estimates)
    if references.signals.channels != 1:
        raise ValueError(f"{references.signals.channels} channels, expected 1: version 3 is for mono sources")
    numbers = chosen(references.signals, estimates, None if permute else sources)
    comparison, count = references.compare([estimates], numbers), len(numbers)
    pairs = [pair for pair in itertools.product(range(count), repeat=2) if permute or pair[0] == pair[1]]
    scores = np.full((3, count, count), np.nan)  # (metric, estimate, reference)
    if comparison.sweep.sounds.all():
        parts = comparison.parts([(0, estimate, numbers[place]) for estimate, place in pairs])
        scores[:, *np.transpose(pairs)] = [
            decibel(parts.filtered, parts.distortion)[:, 0],
            decibel(parts.filtered, parts.interference)[:, 0],
            decibel(parts.projected, parts.artifacts)[:, 0],
        ]
    order = _best(scores[1]) if permute else np.arange(count)
    sdr, sir, sar = scores[:, order, np.arange(count)]
    return SourceScores(sdr, sir, sar, order)


def _best(sir: np.ndarray) -> np.ndarray:
    """The estimate for each reference, by the highest mean SIR ``(estimate, reference)``; the first of equal ones."""
    count = len(sir)
    orders = np.array(list(itertools.permutations(range(count))))
    return orders[np.argmax([np.mean(sir[order, np.arange(count)]) for order in orders])]
