"""Thresholds of gates, chosen on the validation songs by what they leave of the network's error.

A gate g makes of a frame's squared error either that of the estimate or the power of the target, which is the error of
silence. With both per frame, the error of any gate is a sum, and no gate needs another pass of the network:

    E(g) = sum over frames of g_t |Y_t - S_t|^2 + (1 - g_t) |S_t|^2

for magnitudes, as in the validation that chooses the best epoch. What is maximised is the mean over songs of
10 log10(sum |S_t|^2 / E(g)), so that no loud song decides alone. Of equal ones the thresholds nearest to 0.5 are taken.

Shape: probabilities, errors and gates ``(frame,)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.experiments.target.estimate import Estimate
from reprosep.params.work import Separation
from reprosep.separation.other_gates import hysteresis_gate, soft_gate

Candidate = TypeVar("Candidate")

_TINY = 1e-12  # beside the power of a song: keeps the ratio of a perfect estimate finite
_MIDDLE = 0.5


@dataclass(frozen=True)
class Validated:
    """A validation song: the network's probability, and the error of an open and of a closed gate in every frame."""

    probability: np.ndarray
    opened: np.ndarray
    closed: np.ndarray

    def gain(self, gate: np.ndarray) -> float:
        """What the gated estimate scores, in dB: power of the target over power of the error."""
        power, error = self.closed.sum(), np.where(gate, self.opened, self.closed).sum()
        return float(10 * np.log10((power + _TINY) / (error + _TINY)))


@dataclass(frozen=True)
class Chosen:
    """The threshold of the tuned gate, and those of the gate with hysteresis."""

    threshold: float
    high: float
    low: float


def validated(estimate: Estimate, target: np.ndarray) -> Validated:
    """What gates need of a song whose target is the wave ``(channel, sample)``."""
    assert estimate.probability is not None
    spectrum, frames = ChunkedSpectrum(target, estimate.spectrum.n_fft, estimate.spectrum.hop), estimate.spectrum.frames
    opened, closed = np.zeros(frames), np.zeros(frames)
    for first in range(0, frames, estimate.chunk):
        own = slice(first, min(first + estimate.chunk, frames))
        wanted = spectrum.chunk(own.start, own.stop).abs().numpy().astype(np.float64)
        opened[own] = np.square(estimate.magnitudes[..., own] - wanted).sum(axis=(0, 1))
        closed[own] = np.square(wanted).sum(axis=(0, 1))
    return Validated(estimate.probability, opened, closed)


def choose(songs: Sequence[Validated], settings: Separation) -> Chosen:
    """The best thresholds of some validation songs."""
    steps = settings.gates.steps
    tried = sorted((step / steps for step in range(1, steps)), key=lambda one: (abs(one - _MIDDLE), one))
    medians = [soft_gate(song.probability, settings.median_frames) for song in songs]

    def tuned(one: float) -> list[np.ndarray]:
        return [median > one for median in medians]

    def held(pair: tuple[float, float]) -> list[np.ndarray]:
        return [hysteresis_gate(song.probability, *pair) for song in songs]

    pairs = [(high, low) for high in tried for low in tried if low <= high]
    return Chosen(_best(songs, tried, tuned), *_best(songs, pairs, held))


def _best(
    songs: Sequence[Validated], candidates: Sequence[Candidate], gates: Callable[[Candidate], list[np.ndarray]]
) -> Candidate:
    """The first of the candidates whose gates score most on the mean over songs."""
    gains = [np.mean([song.gain(gate) for song, gate in zip(songs, gates(one), strict=True)]) for one in candidates]
    return candidates[int(np.argmax(np.round(gains, 6)))]
