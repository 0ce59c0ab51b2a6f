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
import scipy.linalg

_RIDGE = 1e-11  # of the mean power; below the floor of 16-bit recordings (about 1e-9), above rounding
_LARGEST_RIDGE = 1e-5
_REFINEMENTS = (3, 12)  # at least, at most; three are enough for music
_CONVERGED = 1e-13  # correction as a share of the solution
_FAILED = 1e-5  # residual as a share of the right-hand side
_CANCELLED = 1e-14  # share of the power under which a combination of rows is silent but for rounding
_SINGULAR = 10 * float(np.finfo(float).eps)  # of the largest eigenvalue: below is rounding
_DENSE_REFINEMENTS = 2
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
    errors = np.stack([lags[:, 0], lags[:, 0]])  # backward, forward
    residuals = np.empty_like(errors)  # εᵀ, ε
    for n in range(1, taps):
        np.matmul(forward[:, :, : n * p], column[:, column.shape[1] - n * p :], out=residuals[0])
        residuals[1] = residuals[0].transpose(0, 2, 1)
        by_backward, by_forward = gains = residuals @ np.linalg.inv(errors)
        f, b = forward[:, :, : (n + 1) * p], backward[:, :, (taps - n - 1) * p :]
        change = by_backward @ b
        b -= by_forward @ f
        f -= change
        errors -= (gains @ residuals[::-1])[::-1]
        errors += errors.swapaxes(-1, -2)
        errors *= 0.5
    return Predictors(forward, backward, errors[1], errors[0])


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
    """One system as a matrix, solved in the least-squares sense where it is singular: O((p · taps)³).

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
        self._matrix = both[tap[:, None] - tap + taps - 1].transpose(0, 2, 1, 3).reshape(taps * p, taps * p)
        try:
            self._factor = scipy.linalg.cho_factor(self._matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            self._factor = None
            values, vectors = np.linalg.eigh(self._matrix)
            kept = values > _SINGULAR * values[-1]
            self._values, self._vectors = values[kept], vectors[:, kept]

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Filters ``(tap, row, column)`` for right-hand sides of the same shape."""
        flat = right.reshape(-1, right.shape[2])
        solution = self._inverse(flat)
        for _ in range(_DENSE_REFINEMENTS):
            solution = solution + self._inverse(flat - self._matrix @ solution)
        return solution.reshape(right.shape)

    def _inverse(self, flat: np.ndarray) -> np.ndarray:
        if self._factor:
            return np.asarray(scipy.linalg.cho_solve(self._factor, flat, check_finite=False))
        inverse: np.ndarray = self._vectors @ ((self._vectors.T @ flat) / self._values[:, None])
        return inverse


def _predictors(lags: np.ndarray) -> Predictors | None:
    """None where rounding makes a step of the recursion exactly singular."""
    try:
        with np.errstate(all="ignore"):
            return levinson(lags)
    except np.linalg.LinAlgError:
        return None


class Reduced:
    """One system in which some combinations of rows are silent, solved without them: filters on them change nothing.

    Parameters
    ----------
    lags
        ``(tap, row, row)``.
    samples
        Of the signals.
    combinations
        Those that sound, orthonormal, ``(row, combination)``.
    """

    def __init__(self, lags: np.ndarray, samples: int, combinations: np.ndarray) -> None:
        self._combinations = combinations
        reduced = combinations.T @ lags @ combinations
        self._system = _factor(reduced[None], samples)[0] if combinations.shape[1] else None

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Filters ``(tap, row, column)`` for right-hand sides of the same shape."""
        if self._system is None:
            return np.zeros_like(right)
        solution: np.ndarray = self._combinations @ self._system.solve(self._combinations.T @ right)
        return solution


System = BlockToeplitz | Dense | Reduced


def factor(lags: np.ndarray, samples: int) -> list[System]:
    """Factor several systems of equal size, ``(system, tap, row, row)``, of signals of so many samples."""
    combinations = [independent(system[0]) for system in lags]
    if all(kept.shape[1] == lags.shape[2] for kept in combinations):
        return [*_factor(lags, samples)]
    return [
        Reduced(system, samples, kept) if kept.shape[1] < lags.shape[2] else _factor(system[None], samples)[0]
        for system, kept in zip(lags, combinations, strict=True)
    ]


def independent(covariance: np.ndarray) -> np.ndarray:
    """Combinations of rows that do not cancel, each of unit length: ``(row, combination)``."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors[:, values > _CANCELLED * max(values[-1], np.finfo(float).tiny)]


def _factor(lags: np.ndarray, samples: int) -> list[BlockToeplitz | Dense]:
    """As :func:`factor`, of systems in which all rows sound.

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
