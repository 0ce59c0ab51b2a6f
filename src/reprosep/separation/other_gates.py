"""Gates that the IASS paper does not have: one that is no switch, and one with two thresholds.

Its own gate thresholds the probability and takes the median over a window of the result, which is the same as the
threshold of the median over the window. So what these gates are made from is that median: the soft gate is the median
itself, and a gate of another threshold compares it with that.

Hysteresis needs no median filter: where the probability goes up and down between two thresholds, the gate stays as it
is.

    g_t = 1 where p_t > high, 0 where p_t < low, else g_(t - 1), with g_0 = 0 before the first frame

Shape: probabilities and gates ``(frame,)``.

References
----------
Schmitt: A thermionic trigger. Journal of Scientific Instruments 15(1), 1938 (two thresholds).
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage


def soft_gate(probability: np.ndarray, frames: int) -> np.ndarray:
    """The median of the probability over an odd number of frames, as a gain between 0 and 1; ends are reflected."""
    median: np.ndarray = scipy.ndimage.median_filter(probability, size=frames, mode="mirror")  # as the hard gate's
    return median


def hysteresis_gate(probability: np.ndarray, high: float, low: float) -> np.ndarray:
    """A gate that opens above `high` and closes below `low`, bool; closed before it opens first."""
    decided = (probability > high) | (probability < low)
    last = np.maximum.accumulate(np.where(decided, np.arange(len(probability)), -1))
    return (last >= 0) & (probability[last] > high)
