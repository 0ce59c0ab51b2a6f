"""Principal channels: every source's channels turned and scaled, so that each is independent of the others and as loud.

Projections do not depend on the basis of what is projected on, but rounding does. The two channels of a panned source
differ by little more than rounding to 16 bits; filters then need large gains on that difference, and sums of large
terms lose digits. In the basis of a source's principal axes the difference is a channel of its own, of unit power.

Any basis is right, so it is taken from a sample of the song. A channel that cancels in the sample is not scaled up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprosep.metrics.signals import Signals

_PIECES, _PIECE = 64, 4096  # places spread over the song and samples of each
_CANCELLED = 1e-13  # share of a source's power below which a channel is nothing but rounding


@dataclass(frozen=True)
class Basis:
    """Matrices ``(row, row)``, one block per source: channels → principal channels, and back."""

    forward: np.ndarray
    backward: np.ndarray


def principal_channels(signals: Signals) -> Basis:
    """The basis of a group of signals."""
    channels = signals.channels
    forward = np.zeros((signals.sources * channels,) * 2)
    backward = np.zeros_like(forward)
    for source, covariance in enumerate(_covariances(signals)):
        power, axes = np.linalg.eigh(covariance)
        heard = power > _CANCELLED * power[-1]
        scale = 1 / np.sqrt(np.where(heard, power, 1.0))
        block = slice(source * channels, (source + 1) * channels)
        forward[block, block] = scale[:, None] * axes.T
        backward[block, block] = axes / scale
    return Basis(forward, backward)


def _covariances(signals: Signals) -> np.ndarray:
    """Mean products of the channels of every source at the sampled places: ``(source, channel, channel)``."""
    length = min(_PIECE, signals.samples)
    starts = np.unique(np.linspace(0, signals.samples - length, _PIECES).astype(int))
    rows = np.empty((signals.sources * signals.channels, length))
    total = np.zeros((signals.sources, signals.channels, signals.channels))
    for start in starts:
        signals.read(int(start), rows)
        by_source = rows.reshape(signals.sources, signals.channels, length)
        total += by_source @ by_source.transpose(0, 2, 1)
    return total / (length * len(starts))
