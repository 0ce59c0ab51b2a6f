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

from reprosep.metrics.blocks import Spectra, Workspace, blocks_of
from reprosep.metrics.transforms import irfft_first

_BLOCK = 1792  # samples: transforms of about 2304; measured fastest among 512 … 8192
_AT_ONCE = 1 << 22  # bytes of transforms that are made together: fewer cost calls, more leave the processor's cache


@dataclass(frozen=True)
class Plan:
    """How a slice is cut: samples of a block, of a piece of several blocks, and of the transform of a block."""

    block: int
    piece: int
    transform: int


def plan(length: int, taps: int, rows: int) -> Plan:
    """Blocks of equal length, at most about 1792 samples, that make up a slice of `length` samples of so many rows."""
    count = -(-length // _BLOCK)
    block = -(-length // count)
    transform = scipy.fft.next_fast_len(block + taps - 1, real=True)
    most = max(1, _AT_ONCE // (rows * transform * 8))
    pieces = -(-count // most)
    return Plan(block, -(-count // pieces) * block, transform)


class NumpyBackend:
    """Transforms and products on the processor."""

    def __init__(self) -> None:
        self._work = Workspace()
        self._spectra = Spectra(self._work)

    def spectra(self, name: str, blocks: np.ndarray, transform: int) -> np.ndarray:
        """Transforms ``(bin, block, row)`` of blocks ``(row, block, sample)``, padded with zeros."""
        return self._spectra(name, blocks, transform)

    def products(self, left: np.ndarray, right: np.ndarray, total: np.ndarray | None) -> np.ndarray:
        """Σ_blocks conj(left) right ``(bin, left, right)``, added to the `total` so far; `left` is lost."""
        np.conjugate(left, out=left)
        shape = (len(left), left.shape[2], right.shape[2])
        product = self._work.array("total" if total is None else "product", shape, complex)
        np.matmul(left.transpose(0, 2, 1), right, out=product)
        return product if total is None else np.add(total, product, out=total)

    def lags(self, total: np.ndarray, transform: int, taps: int) -> np.ndarray:
        """The first `taps` lags ``(lag, left, right)`` of summed products."""
        inverse = self._work.array("inverse", (transform, *total.shape[1:]))
        return irfft_first(total, inverse)[:taps]


class TorchBackend:
    """The same in float64 on a torch device."""

    def __init__(self, device: str) -> None:
        import torch

        self._torch, self._device = torch, torch.device(device)

    def spectra(self, name: str, blocks: np.ndarray, transform: int) -> Any:
        """Transforms ``(bin, block, row)`` of blocks ``(row, block, sample)``, padded with zeros."""
        samples = self._torch.from_numpy(np.ascontiguousarray(blocks)).to(self._device)
        return self._torch.fft.rfft(samples, transform).permute(2, 1, 0)

    def products(self, left: Any, right: Any, total: Any) -> Any:
        """Σ_blocks conj(left) right ``(bin, left, right)``, added to the `total` so far."""
        product = left.conj().transpose(1, 2) @ right
        return product if total is None else total + product

    def lags(self, total: Any, transform: int, taps: int) -> np.ndarray:
        """The first `taps` lags ``(lag, left, right)`` of summed products."""
        return self._torch.fft.irfft(total, transform, dim=0)[:taps].cpu().numpy()


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

    def begin(self, cut: Plan) -> None:
        """Begin a slice; every piece but its last must be a multiple of the plan's block."""
        self._plan = cut
        self._total: Any = None

    def add(self, rows: np.ndarray, length: int) -> None:
        """Add a piece of the slice.

        Parameters
        ----------
        rows
            ``(row, sample)``: the `length` samples of the piece, the ``taps - 1`` of the slice that follow them, and
            zeros up to whole blocks.
        """
        block, count = self._plan.block, -(-length // self._plan.block)
        left = blocks_of(rows[: self.left], count, block, block)
        right = blocks_of(rows[self.first :], count, block, block + self.taps - 1)
        self._total = self._products(left, right, self._plan.transform, self._total)

    def end(self) -> np.ndarray:
        """Lags ``(lag, left, right)`` of the slice."""
        return self._backend.lags(self._total, self._plan.transform, self.taps)

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
        around = self._backend.lags(self._products(before, after, transform, None), transform, transform)
        lags = np.zeros((self.taps, *around.shape[1:]))
        # Sample a of `before` and sample b of `after` are b - a + reach apart.
        lags[1:] = around[np.arange(1, self.taps) - reach]
        return lags

    def _products(self, left: np.ndarray, right: np.ndarray, transform: int, total: Any) -> Any:
        spectra = self._backend.spectra
        return self._backend.products(spectra("left", left, transform), spectra("right", right, transform), total)
