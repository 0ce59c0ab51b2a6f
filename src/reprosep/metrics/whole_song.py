"""Sums over whole songs, read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reprosep.metrics.signals import Signals

_PIECE = 1 << 17  # samples read at once


def read_together(references: Signals, estimates: Signals) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pieces of references and estimates, each ``(source, channel, sample)``, over the references' length.

    Raises
    ------
    ValueError
        When they differ in channels.
    """
    if estimates.channels != references.channels:
        raise ValueError(f"estimates of {estimates.channels} channels, expected {references.channels}")
    for start in range(0, references.samples, _PIECE):
        length = min(_PIECE, references.samples - start)
        pair = []
        for signals in (references, estimates):
            rows = np.empty((signals.sources * signals.channels, length))
            signals.read(start, rows)
            pair.append(rows.reshape(signals.sources, signals.channels, length))
        yield pair[0], pair[1]


def chosen(references: Signals, estimates: Signals, sources: Sequence[int] | None) -> list[int]:
    """The references that are estimated: `sources`, or all.

    Raises
    ------
    ValueError
        When there is not one estimate for each.
    """
    numbers = list(range(references.sources) if sources is None else sources)
    if len(numbers) != estimates.sources:
        raise ValueError(f"{estimates.sources} estimates, expected {len(numbers)}")
    return numbers
