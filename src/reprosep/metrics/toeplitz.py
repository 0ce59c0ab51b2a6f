"""Symmetric block-Toeplitz systems: factored once by Levinson's recursion, solved by the Gohberg-Semencul formula.

The normal equations of filters c of `taps` taps on p rows,

    Σ_j Σ_b r_ij[a - b] c_j[b] = d_i[a],    r_ij[l] = Σ_n x_i[n] x_j[n + l],    r[-l] = r[l]ᵀ,

have the block-Toeplitz matrix T with blocks T_ab = r[a - b], each p × p.

Factor
    The forward and backward predictors F and B solve T F = [E_f; 0; …] and T B = […; 0; E_b] with first block of F and
    last block of B the identity. Whittle and Wiggins's block form of Levinson's recursion grows both from one block to
    `taps` blocks in O(p³ taps²), with ε = Σ_b r[n - b] F_b the residual of the step:

        F ← [F; 0] - [0; B] E_b⁻¹ ε         E_f ← E_f - εᵀ E_b⁻¹ ε
        B ← [0; B] - [F; 0] E_f⁻¹ εᵀ        E_b ← E_b - ε E_f⁻¹ εᵀ

Solve
    T⁻¹ - Z T⁻¹ Zᵀ = F E_f⁻¹ Fᵀ - (Z B) E_b⁻¹ (Z B)ᵀ for the shift Z by one block (both ways of bordering the matrix of
    one block less give its inverse), so T⁻¹ is a difference of products of triangular Toeplitz matrices: four
    convolutions, by FFT, and no matrix of order p · taps anywhere.

Refine
    Music fills a band and leaves the rest to rounding noise, so T is nearly singular, or exactly so when two channels
    are equal. The factor gets a small ridge; the solution is then refined against T itself, whose product with a vector
    is a convolution too. Directions in which T is exactly zero do not change any projection.

References
----------
Whittle 1963; Wiggins and Robinson 1965; Gohberg and Heinig 1974; Golub and Van Loan, Matrix Computations, 4.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

_RIDGE = 1e-11  # of the mean power; below the floor of 16-bit recordings (about 1e-9), above rounding
_LARGEST_RIDGE = 1e-5
_REFINEMENTS = (3, 12)  # at least, at most; three are enough for music
_CONVERGED = 1e-13  # correction as a share of the solution
_FAILED = 1e-5  # residual as a share of the right-hand side
_AMPLE = 2  # equations per filter tap from which the fast way is taken


@dataclass(frozen=True)
class Predictors:
    """F and B, ``(system, row, tap · row)`` transposed, and their errors, ``(system, row, row)``."""

    forward: np.ndarray
    backward: np.ndarray
    forward_error: np.ndarray
    backward_error: np.ndarray

    @property
    def positive(self) -> bool:
        """Whether every matrix was positive definite in floating point."""
        errors = np.concatenate([self.forward_error, self.backward_error])
        return bool(np.isfinite(errors).all() and (np.linalg.eigvalsh(errors)[:, 0] > 0).all())


def levinson(lags: np.ndarray) -> Predictors:
    """Predictors of several systems side by side.

    Parameters
    ----------
    lags
        ``(system, tap, row, row)``.
    """
    systems, taps, p, _ = lags.shape
    # r[taps - 1]ᵀ … r[1]ᵀ below each other: its last n blocks times Fᵀ are εᵀ of step n.
    column = np.ascontiguousarray(lags[:, :0:-1].transpose(0, 1, 3, 2)).reshape(systems, -1, p)
    forward = np.zeros((systems, p, taps * p))
    backward = np.zeros_like(forward)  # aligned to the right, so that [0; B] needs no shift
    forward[:, :, :p] = backward[:, :, -p:] = np.eye(p)
    forward_error, backward_error = lags[:, 0].copy(), lags[:, 0].copy()
    for n in range(1, taps):
        residual = forward[:, :, : n * p] @ column[:, column.shape[1] - n * p :]  # εᵀ
        by_backward = residual @ np.linalg.inv(backward_error)
        by_forward = residual.transpose(0, 2, 1) @ np.linalg.inv(forward_error)
        f, b = forward[:, :, : (n + 1) * p], backward[:, :, (taps - n - 1) * p :]
        change = by_backward @ b
        b -= by_forward @ f
        f -= change
        forward_error = _symmetric(forward_error - by_backward @ residual.transpose(0, 2, 1))
        backward_error = _symmetric(backward_error - by_forward @ residual)
    return Predictors(forward, backward, forward_error, backward_error)


def _symmetric(matrices: np.ndarray) -> np.ndarray:
    return 0.5 * (matrices + matrices.transpose(0, 2, 1))


class BlockToeplitz:
    """One factored system.

    Parameters
    ----------
    lags
        ``(tap, row, row)``: r[0], r[1], …
    forward, backward, forward_error, backward_error
        Of this system's :class:`Predictors`.
    """

    def __init__(
        self,
        lags: np.ndarray,
        forward: np.ndarray,
        backward: np.ndarray,
        forward_error: np.ndarray,
        backward_error: np.ndarray,
    ) -> None:
        self._lags = lags
        taps, p, _ = lags.shape
        self._transform = scipy.fft.next_fast_len(2 * taps, real=True)
        around = np.zeros((self._transform, p, p))
        around[:taps] = lags
        around[self._transform - taps + 1 :] = lags[:0:-1].transpose(0, 2, 1)
        self._matrix = scipy.fft.rfft(around, axis=0)
        generator = np.zeros((taps, p, 2 * p))  # F beside Z B
        generator[:, :, :p] = forward.reshape(p, taps, p).transpose(1, 2, 0)
        generator[1:, :, p:] = backward.reshape(p, taps, p).transpose(1, 2, 0)[:-1]
        self._generator = scipy.fft.rfft(generator, self._transform, axis=0)
        self._adjoint = self._generator.conj().transpose(0, 2, 1)
        self._weights = np.zeros((2 * p, 2 * p))
        self._weights[:p, :p] = np.linalg.inv(forward_error)
        self._weights[p:, p:] = -np.linalg.inv(backward_error)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Filters ``(tap, row, column)`` for right-hand sides of the same shape."""
        solution = self._inverse(right)
        smallest = np.inf
        for step in range(_REFINEMENTS[1]):
            correction = self._inverse(right - self._convolve(self._matrix, solution))
            size = float(np.abs(correction).max())
            if step >= _REFINEMENTS[0] and not size < smallest:  # rounding: it does not converge any further
                break
            solution, smallest = solution + correction, size
            if size <= _CONVERGED * np.abs(solution).max():
                break
        residual = np.abs(right - self._convolve(self._matrix, solution)).max()
        if not residual <= _FAILED * np.abs(right).max():
            return Dense(self._lags).solve(right)
        return solution

    def _inverse(self, vector: np.ndarray) -> np.ndarray:
        # Each of the four triangular products is a convolution of which only the first `taps` samples are kept.
        return self._convolve(self._generator, self._weights @ self._convolve(self._adjoint, vector))

    def _convolve(self, kernel: np.ndarray, vector: np.ndarray) -> np.ndarray:
        spectrum = kernel @ scipy.fft.rfft(vector, self._transform, axis=0)
        return scipy.fft.irfft(spectrum, self._transform, axis=0)[: len(self._lags)]


class Dense:
    """One system solved by its eigenvectors, in the least-squares sense where it is singular: O((p · taps)³).

    For songs of few samples, in which filters outnumber equations, and where the fast way fails.

    Parameters
    ----------
    lags
        ``(tap, row, row)``.
    """

    def __init__(self, lags: np.ndarray) -> None:
        taps, p, _ = lags.shape
        both = np.concatenate([lags[:0:-1].transpose(0, 2, 1), lags])  # r[-(taps - 1)] … r[taps - 1]
        tap = np.arange(taps)
        matrix = both[tap[:, None] - tap + taps - 1].transpose(0, 2, 1, 3).reshape(taps * p, taps * p)
        values, vectors = np.linalg.eigh(matrix)
        kept = values > len(values) * np.finfo(float).eps * values[-1]
        self._values, self._vectors = values[kept], vectors[:, kept]

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Filters ``(tap, row, column)`` for right-hand sides of the same shape."""
        flat = right.reshape(-1, right.shape[2])
        return (self._vectors @ ((self._vectors.T @ flat) / self._values[:, None])).reshape(right.shape)


def _predictors(lags: np.ndarray) -> Predictors | None:
    """None where rounding makes a step of the recursion exactly singular."""
    try:
        with np.errstate(all="ignore"):
            return levinson(lags)
    except np.linalg.LinAlgError:
        return None


def factor(lags: np.ndarray, samples: int) -> list[BlockToeplitz | Dense]:
    """Factor several systems of equal size, ``(system, tap, row, row)``, of signals of so many samples.

    A system that rounding keeps from being positive definite gets a larger ridge, which only slows the refinement.
    """
    _, taps, rows, _ = lags.shape
    if samples + taps - 1 < _AMPLE * rows * taps:
        return [Dense(system) for system in lags]
    power = np.trace(lags[:, 0], axis1=1, axis2=2) / rows
    power = np.where(power > 0, power, 1.0)
    ridge = _RIDGE
    while True:
        ridged = lags.copy()
        ridged[:, 0] += ridge * power[:, None, None] * np.eye(rows)
        predictors = _predictors(ridged)
        if (predictors and predictors.positive) or ridge >= _LARGEST_RIDGE:
            break
        ridge *= 10
    if predictors is None:
        return [Dense(system) for system in lags]
    parts = (predictors.forward, predictors.backward, predictors.forward_error, predictors.backward_error)
    return [BlockToeplitz(lags[k], *(part[k] for part in parts)) for k in range(len(lags))]
