"""The order of a training's items: passes over all of them, each in an order that depends on (seed, pass) alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from reprosep.corpora.draws import Stream, generator


class Passes:
    """Item i of a training is item ``i mod N`` of pass ``i div N``."""

    def __init__(self, seed: int, stream: Stream, count: int) -> None:
        self.seed, self.stream, self.count = seed, stream, count
        self._order = lru_cache(maxsize=2)(self._draw)

    def __getitem__(self, item: int) -> int:
        return int(self._order(item // self.count)[item % self.count])

    def _draw(self, number: int) -> np.ndarray:
        return generator(self.seed, self.stream, number).permutation(self.count)
