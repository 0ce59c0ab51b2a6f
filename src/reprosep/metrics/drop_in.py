"""The functions of museval under their own names and conventions, for scripts that call them: change the import alone.

    from reprosep.metrics.drop_in import evaluate            # was: from museval import evaluate
    SDR, ISR, SIR, SAR = evaluate(references, estimates, win=44100, hop=44100)

Their numbers are museval's, and of one source or channel those of ``mir_eval.separation`` (which returns one dimension
less for whole signals), as far as rounding decides neither; so are the errors and the warnings.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from reprosep.metrics.bsseval import TAPS, References, decibel
from reprosep.metrics.frames import Framing
from reprosep.metrics.parts import Parts
from reprosep.metrics.signals import as_array, as_signals

Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Five = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
_SIR = 2  # of SDR, ISR, SIR, SAR


def evaluate(
    references: Any, estimates: Any, win: float = 44100, hop: float = 44100, mode: str = "v4", padding: bool = True
) -> Four:
    """SDR, ISR, SIR and SAR in dB, each ``(source, frame)``, as ``museval.evaluate``.

    Parameters
    ----------
    references, estimates
        ``(source, sample, channel)``: arrays, tensors or lists of them.
    win, hop
        Frames in samples; ``np.inf`` is the whole signal.
    mode
        ``"v3"`` makes the filters anew for every frame.
    padding
        Cut the estimates, or pad them with zeros, to the references' length.

    Raises
    ------
    ValueError
        When shapes do not fit, a source is silent throughout, or a frame is shorter than a sample.

    Examples
    --------
    >>> import numpy as np
    >>> references = np.random.default_rng(0).normal(size=(2, 8000, 1))
    >>> SDR, ISR, SIR, SAR = evaluate(references, 0.9 * references + 0.1 * references[::-1], win=4000, hop=4000)
    >>> SDR.round(1)
    array([[17. , 17. ],
           [16.9, 16.9]])
    """
    true, estimated = as_array(references), as_array(estimates)
    if padding and true.shape[1] != estimated.shape[1]:
        cut = estimated[:, : true.shape[1]]
        estimated = np.pad(cut, ((0, 0), (0, true.shape[1] - cut.shape[1]), (0, 0)))
    *scores, _ = bss_eval(true, estimated, win, hop, framewise_filters=mode == "v3")
    return scores[0], scores[1], scores[2], scores[3]


def bss_eval(
    reference_sources: Any,
    estimated_sources: Any,
    window: float = 2 * 44100,
    hop: float = 1.5 * 44100,
    compute_permutation: bool = False,
    filters_len: int = TAPS,
    framewise_filters: bool = False,
    bsseval_sources_version: bool = False,
) -> Five:
    """SDR, ISR, SIR, SAR ``(source, frame)`` and the order of the estimates, as ``museval.metrics.bss_eval``.

    Parameters
    ----------
    reference_sources, estimated_sources
        ``(source, sample, channel)`` or, of one channel, ``(source, sample)``.
    window, hop
        Frames in samples; ``np.inf`` is the whole signal.
    compute_permutation
        Look for the order with the highest mean SIR: of the whole signal, or of every frame with filters of its own.
    filters_len
        Taps.
    framewise_filters
        Filters made anew for every frame (versions 2 and 3).
    bsseval_sources_version
        Distorted references count as right (``bss_eval_sources`` of versions 2 and 3); ISR is NaN.

    Raises
    ------
    ValueError
        As :func:`evaluate`.
    """
    true, estimated = (np.atleast_3d(as_array(signals)) for signals in (reference_sources, estimated_sources))
    _validate(true, estimated)
    if not true.size or not estimated.size:
        return (np.array([]),) * 5
    frames = Framing(true.shape[1], window, hop)
    orders = [tuple(range(len(true)))]
    if compute_permutation:
        orders = list(itertools.permutations(range(len(true))))
    scores = np.full((4, len(true), len(true), len(frames.slices)), np.nan)  # (metric, reference, estimate, frame)
    pairs = sorted({(place, order[place]) for order in orders for place in range(len(true))})
    for which, parts, errors, energies in _compared(true, estimated, frames, pairs, filters_len, framewise_filters):
        found = _of_sources(parts) if bsseval_sources_version else _of_images(parts, errors, energies)
        scores[:, [pair[0] for pair in pairs], [pair[1] for pair in pairs], which] = found
    return _best(scores, np.array(orders), framewise_filters)


def bss_eval_sources(reference_sources: Any, estimated_sources: Any, compute_permutation: bool = True) -> Four:
    """SDR, SIR, SAR and the order, as ``museval.metrics.bss_eval_sources``: of whole signals."""
    return bss_eval_sources_framewise(reference_sources, estimated_sources, np.inf, np.inf, compute_permutation)


def bss_eval_sources_framewise(
    reference_sources: Any,
    estimated_sources: Any,
    window: float = 30 * 44100,
    hop: float = 15 * 44100,
    compute_permutation: bool = False,
) -> Four:
    """SDR, SIR, SAR and the order, as ``museval.metrics.bss_eval_sources_framewise``."""
    sdr, _, sir, sar, order = bss_eval(
        reference_sources, estimated_sources, window, hop, compute_permutation, TAPS, True, True
    )
    return sdr, sir, sar, order


def bss_eval_images(reference_sources: Any, estimated_sources: Any, compute_permutation: bool = True) -> Five:
    """SDR, ISR, SIR, SAR and the order, as ``museval.metrics.bss_eval_images``: of whole signals."""
    return bss_eval_images_framewise(reference_sources, estimated_sources, np.inf, np.inf, compute_permutation)


def bss_eval_images_framewise(
    reference_sources: Any,
    estimated_sources: Any,
    window: float = 30 * 44100,
    hop: float = 15 * 44100,
    compute_permutation: bool = False,
) -> Five:
    """SDR, ISR, SIR, SAR and the order, as ``museval.metrics.bss_eval_images_framewise``."""
    return bss_eval(reference_sources, estimated_sources, window, hop, compute_permutation, TAPS, True)


Compared = tuple[slice, Parts, np.ndarray, np.ndarray]


def _compared(
    true: np.ndarray, estimated: np.ndarray, frames: Framing, pairs: list[tuple[int, int]], taps: int, framewise: bool
) -> Iterator[Compared]:
    """Which frames, and of them the parts, ``|ŝ - s|²`` and ``|s|²``, each ``(pair, frame)``; silent ones are NaN."""
    if not framewise:
        yield slice(None), *_of_frames(true, estimated, frames, pairs, taps)
        return
    for number, (start, stop) in enumerate(frames.slices):
        cut = true[:, start:stop], estimated[:, start:stop]
        if not any(_any_silent(signals) for signals in cut):
            yield slice(number, number + 1), *_of_frames(*cut, Framing(stop - start), pairs, taps)


def _of_frames(
    true: np.ndarray, estimated: np.ndarray, frames: Framing, pairs: list[tuple[int, int]], taps: int
) -> tuple[Parts, np.ndarray, np.ndarray]:
    references = References(true, frames.window, frames.hop, taps)
    comparison = references.compare([as_signals(estimated)], list(range(len(true))))
    parts = comparison.parts([(0, estimate, reference) for reference, estimate in pairs])
    errors = [
        [_energy(estimated[estimate, start:stop] - true[reference, start:stop]) for start, stop in frames.slices]
        for reference, estimate in pairs
    ]
    energies = [[_energy(true[reference, start:stop]) for start, stop in frames.slices] for reference, _ in pairs]
    silent = np.where(comparison.sweep.sounds.all(axis=0), 0.0, np.nan)
    return parts, np.array(errors) + silent, np.array(energies) + silent


def _of_images(parts: Parts, errors: np.ndarray, energies: np.ndarray) -> list[np.ndarray]:
    silent = np.isnan(errors)
    found = [
        decibel(energies, errors),
        decibel(energies, parts.spatial),
        decibel(parts.filtered, parts.interference),
        decibel(parts.projected, parts.artifacts),
    ]
    return [np.where(silent, np.nan, each) for each in found]


def _of_sources(parts: Parts) -> list[np.ndarray]:
    return [
        decibel(parts.filtered, parts.distortion),
        np.full(parts.filtered.shape, np.nan),
        decibel(parts.filtered, parts.interference),
        decibel(parts.projected, parts.artifacts),
    ]


def _best(scores: np.ndarray, orders: np.ndarray, framewise: bool) -> Five:
    """The scores in the best order and that order, ``(source, frame)`` or ``(source, 1)``."""
    places, frames = np.arange(scores.shape[1]), np.arange(scores.shape[3])
    sir = [scores[_SIR, places, order] for order in orders]
    means = [one.mean(axis=0) if framewise else one.mean(keepdims=True)[0] for one in sir]
    best = orders[np.argmax(means, axis=0)].T
    result = scores[:, places[:, None], np.broadcast_to(best, (len(places), len(frames))), frames]
    return result[0], result[1], result[2], result[3], best


def _validate(true: np.ndarray, estimated: np.ndarray) -> None:
    if true.shape != estimated.shape:
        raise ValueError(f"references of shape {true.shape} and estimates of {estimated.shape}, expected the same")
    if true.ndim > 3:
        raise ValueError(f"{true.ndim} dimensions, expected at most three: (source, sample, channel)")
    for name, signals in (("references", true), ("estimates", estimated)):
        if not signals.size:
            warnings.warn(f"the {name} are empty, expected (source, sample, channel); so are the scores", stacklevel=3)
        elif _any_silent(signals):
            raise ValueError(f"one of the {name} is silent throughout, which has no score; leave it out")


def _any_silent(signals: np.ndarray) -> bool:
    return bool((signals.sum(axis=2) == 0).all(axis=1).any())


def _energy(signal: np.ndarray) -> float:
    return float(np.vdot(signal, signal))
