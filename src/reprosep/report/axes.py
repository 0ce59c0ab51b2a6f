"""Horizontal axes of the report's pictures: where a value lies, in percent of the width, and which ticks are named."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from matplotlib.ticker import MaxNLocator

_APART = 17.0  # percent of the width between two ticks at least, so that their numbers do not touch on a phone
_MARGIN = 0.05  # of the width, left free on both sides for the marks
_STEPS = (1.0, 0.5, 2.0)  # of a power of ten, the ones that are named first

Shape = Literal["linear", "bent", "logarithmic"]


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`.

    `bent` is linear up to about `bend` on both sides of zero and compressed beyond, so that a tenth and ten can be read
    on the same axis.
    """

    low: float
    high: float
    shape: Shape = "linear"
    bend: float = 1.0

    def place(self, value: float) -> float:
        """Percent of the width, from the left; what lies outside is at the end."""
        low, high = self._bent(self.low), self._bent(self.high)
        share = (self._bent(min(max(value, self.low), self.high)) - low) / (high - low)
        return round(100 * (_MARGIN + (1 - 2 * _MARGIN) * share), 2)

    @property
    def ticks(self) -> list[float]:
        """The values to name, from left to right."""
        if self.shape == "linear":
            return [
                float(f"{tick:.10g}") for tick in MaxNLocator(4).tick_values(self.low, self.high) if self._has(tick)
            ]
        kept: list[float] = []
        for tick in filter(self._has, self._candidates()):
            if all(abs(self.place(tick) - self.place(other)) >= _APART for other in kept):
                kept.append(tick)
        return sorted(kept)

    def _candidates(self) -> Iterable[float]:
        """Round values, the most welcome first: zero, then from the outside to the inside."""
        largest = math.ceil(math.log10(max(abs(self.low), abs(self.high))))
        sizes = [step * 10.0**power for step in _STEPS for power in range(largest, largest - 7, -1)]
        signed = sizes if self.shape == "logarithmic" else [0.0, *(sign * size for size in sizes for sign in (1, -1))]
        # Inside the linear part only its end is named.
        return [size for size in signed if self.shape != "bent" or not 0 < abs(size) < self.bend]

    def _has(self, value: float) -> bool:
        return self.low <= value <= self.high

    def _bent(self, value: float) -> float:
        if self.shape == "logarithmic":
            return math.log(value)
        return math.asinh(value / self.bend) if self.shape == "bent" else value


def axis_of(values: Iterable[float | None], shape: Shape = "linear", bend: float = 1.0) -> Axis | None:
    """The axis that holds all values; None where none is finite, linear where logarithms cannot be."""
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    if shape == "logarithmic" and low <= 0:
        shape = "linear"
    if low == high:
        low, high = (low / 2, high * 2) if shape == "logarithmic" else (low - 0.5, high + 0.5)
    return Axis(low, high, shape, bend)
