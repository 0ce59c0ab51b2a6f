"""Blocks of signals and their transforms, in memory that is taken once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from reprosep.metrics.transforms import rfft


class Workspace:
    """Arrays by name whose memory is used again: fresh memory costs as much as what is computed in it."""

    def __init__(self) -> None:
        self._flat: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...], kind: Any = float) -> np.ndarray:
        """An array of any content; the last one of that name is lost."""
        size = math.prod(shape)
        if name not in self._flat or self._flat[name].size < size:
            self._flat[name] = np.empty(size, kind)
        return self._flat[name][:size].reshape(shape)


class Spectra:
    """Transforms of blocks with the blocks of a bin side by side, as products of matrices want them."""

    def __init__(self, work: Workspace) -> None:
        self._work = work

    def __call__(self, name: str, blocks: np.ndarray, transform: int) -> np.ndarray:
        """Transforms ``(bin, block, row)`` of blocks ``(row, block, sample)``, padded with zeros; lost with `name`."""
        rows, count, length = blocks.shape
        bins = transform // 2 + 1
        padded = self._work.array("padded", (rows, count, transform))
        padded[:, :, :length] = blocks
        padded[:, :, length:] = 0.0
        spectra = rfft(padded, self._work.array("spectra", (rows, count, bins), complex))
        turned = self._work.array(name, (bins, count, rows), complex)
        turned[:] = spectra.transpose(2, 1, 0)
        return turned


def blocks_of(rows: np.ndarray, count: int, step: int, length: int) -> np.ndarray:
    """A view of blocks of `length` samples, one every `step` samples, of rows ``(row, sample)``."""
    assert (count - 1) * step + length <= rows.shape[1]
    by_row, by_sample = rows.strides
    return as_strided(rows, (len(rows), count, length), (by_row, step * by_sample, by_sample), writeable=False)
