"""Songs cut into chunks of equal length, and how much energy every source has in them.

Shape: samples ``(source, sample)``, chunks ``(chunk, source, sample)``, energies ``(chunk, source)``; full scale 1.

References
----------
Kadandale et al. 2020, Section IV and Figure 2; their released preprocessing (6 s, energy in the time domain, chunks in
which the rounded energy of a source is 0 are left out of training).
"""

from __future__ import annotations

import numpy as np


def chunks(samples: np.ndarray, length: int, keep_tail: bool) -> np.ndarray:
    """Chunks that do not overlap. The incomplete one at the end is padded with zeros, or dropped.

    An empty result has no chunk. In the released code a song that ends with a chunk gets one more, all zeros; here not.
    """
    sources, count = samples.shape
    whole = -(-count // length) if keep_tail else count // length
    padded = np.zeros((sources, whole * length), samples.dtype)
    kept = min(count, whole * length)
    padded[:, :kept] = samples[:, :kept]
    return padded.reshape(sources, whole, length).transpose(1, 0, 2)


def energies(chunked: np.ndarray) -> np.ndarray:
    """Sum of squares of every source in every chunk, in double precision."""
    sums: np.ndarray = np.square(chunked, dtype=np.float64).sum(axis=2)
    return sums


def audible(energy: np.ndarray, silent: float) -> np.ndarray:
    """Whether every source of a chunk has more energy than `silent`, bool ``(chunk,)``; energies ``(chunk, source)``.

    The released code drops a chunk where a rounded energy is 0, which is a limit of 0.5.
    """
    return np.asarray((energy > silent).all(axis=1))
