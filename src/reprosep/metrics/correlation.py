"""Correlations of signals at all lags of a filter, over slices of a song, in one pass and bounded memory.

Method
------
For rows x (left) and z (right) and a slice ``[start, stop)`` outside of which both count as zero, wanted is

    r[l, i, j] = Σ_n x_i[n] z_j[n + l],   l = 0 … taps - 1.

The slice is cut into blocks of b samples. A block of x correlates only with the same samples of z and the ``taps - 1``
after them, so with A the transform of the block of x and Z that of the longer block of z, both padded to at least
``b + taps - 1`` samples,

    r[:, i, j] = irfft(Σ_blocks conj(A_i) Z_j)[:taps]

without wrap-around: lags ``-(b - 1) … b + taps - 2`` of a block fall on distinct places or beyond those that are kept.
Short transforms keep everything in the processor's cache, and only one spectrum of products per slice is summed up,
whatever the length of the slice.

Correlations of a whole song are the sum of those of its slices and, for every cut between two of them, the products of
the ``taps - 1`` samples before it with those after it (:meth:`Correlator.across`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

_BLOCK = 1536  # samples: transforms of about 2048; measured fastest among 512 … 8192
BLOCKS_AT_ONCE = 12
"""Blocks that are transformed together: fewer cost calls, more leave the cache."""


@dataclass(frozen=True)
class Plan:
    """How a slice is cut: length of a block and of its transform, in samples."""

    block: int
    transform: int


def plan(length: int, taps: int) -> Plan:
    """Blocks of equal length, at most about 1536 samples, that make up a slice of `length` samples."""
    block = -(-length // -(-length // _BLOCK))
    return Plan(block, scipy.fft.next_fast_len(block + taps - 1, real=True))


class NumpyBackend:
    """Transforms and products on the processor."""

    def spectra(self, blocks: np.ndarray) -> np.ndarray:
        """Transforms over the first axis."""
        return scipy.fft.rfft(blocks, axis=0)

    def products(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Σ_blocks conj(left) right: ``(bin, left, block)``, ``(bin, right, block)`` → ``(bin, left, right)``."""
        return left.conj() @ right.transpose(0, 2, 1)

    def lags(self, spectrum: Any, transform: int, taps: int) -> np.ndarray:
        """The first `taps` lags ``(lag, left, right)`` of summed products."""
        return scipy.fft.irfft(spectrum, transform, axis=0)[:taps]


class TorchBackend:
    """The same in float64 on a torch device."""

    def __init__(self, device: str) -> None:
        import torch

        self._torch, self._device = torch, torch.device(device)

    def spectra(self, blocks: np.ndarray) -> Any:
        """Transforms over the first axis."""
        return self._torch.fft.rfft(self._torch.from_numpy(blocks).to(self._device), dim=0)

    def products(self, left: Any, right: Any) -> Any:
        """Σ_blocks conj(left) right: ``(bin, left, block)``, ``(bin, right, block)`` → ``(bin, left, right)``."""
        return left.conj() @ right.transpose(1, 2)

    def lags(self, spectrum: Any, transform: int, taps: int) -> np.ndarray:
        """The first `taps` lags ``(lag, left, right)`` of summed products."""
        return self._torch.fft.irfft(spectrum, transform, dim=0)[:taps].cpu().numpy()


def backend_of(device: str | None) -> NumpyBackend | TorchBackend:
    """numpy for ``None``, else torch on that device."""
    return NumpyBackend() if device is None else TorchBackend(device)


class Correlator:
    """Correlations of the first `left` rows of a signal with all rows from number `first` on.

    Parameters
    ----------
    left
        Number of rows on the left: the references.
    first
        First row on the right: 0 for references and estimates, `left` for the estimates alone.
    taps
        Number of lags.
    device
        ``None`` for numpy, else a torch device.
    """

    def __init__(self, left: int, first: int, taps: int, device: str | None = None) -> None:
        self.left, self.first, self.taps = left, first, taps
        self._backend = backend_of(device)

    def begin(self, length: int) -> Plan:
        """Begin a slice of `length` samples; every piece but its last must be a multiple of the plan's block."""
        self._plan = plan(length, self.taps)
        self._sum: Any = None
        return self._plan

    def add(self, rows: np.ndarray, length: int) -> None:
        """Add a piece of the slice.

        Parameters
        ----------
        rows
            ``(row, sample)``: the `length` samples of the piece, the ``taps - 1`` of the slice that follow them, and
            zeros up to whole blocks.
        """
        block, count = self._plan.block, -(-length // self._plan.block)
        left = self._blocks(rows[: self.left], count, block)
        right = self._blocks(rows[self.first :], count, block + self.taps - 1)
        products = self._backend.products(self._backend.spectra(left), self._backend.spectra(right))
        self._sum = products if self._sum is None else self._sum + products

    def end(self) -> np.ndarray:
        """Lags ``(lag, left, right)`` of the slice."""
        return self._backend.lags(self._sum, self._plan.transform, self.taps)

    def across(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Lags ``(lag, left, right)`` of products across cuts.

        Parameters
        ----------
        before
            Rows on the left, the ``taps - 1`` samples before each cut: ``(left, cut, taps - 1)``.
        after
            Rows on the right, the ``taps - 1`` samples after each cut: ``(right, cut, taps - 1)``.
        """
        reach = self.taps - 1
        transform = scipy.fft.next_fast_len(2 * reach + 1, real=True)
        total: Any = 0
        for first in range(0, before.shape[1], BLOCKS_AT_ONCE):
            left, right = (
                self._columns(rows[:, first : first + BLOCKS_AT_ONCE], transform) for rows in (before, after)
            )
            total = total + self._backend.products(self._backend.spectra(left), self._backend.spectra(right))
        around = self._backend.lags(total, transform, transform)
        lags = np.zeros((self.taps, *around.shape[1:]))
        # Sample a of `before` and sample b of `after` are b - a + reach apart.
        lags[1:] = around[np.arange(1, self.taps) - reach]
        return lags

    def _columns(self, rows: np.ndarray, transform: int) -> np.ndarray:
        """``(row, block, sample)`` as columns padded with zeros: ``(sample, row, block)``."""
        columns = np.zeros((transform, *rows.shape[:2]))
        columns[: rows.shape[2]] = rows.transpose(2, 0, 1)
        return columns

    def _blocks(self, rows: np.ndarray, count: int, length: int) -> np.ndarray:
        """Blocks of `length` samples, one every `block` samples, as columns: ``(sample, row, block)``."""
        view = np.lib.stride_tricks.sliding_window_view(rows, length, axis=1)
        return self._columns(view[:, :: self._plan.block][:, :count], self._plan.transform)
