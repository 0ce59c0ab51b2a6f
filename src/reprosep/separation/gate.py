"""Gates: activity as a binary weight on every frame of an estimate.

The probability is thresholded first and median-filtered then, as in the released code; reflect padding, so that a gate
has the song's own frames at its ends.

References
----------
Hung and Lerch 2020, Section 3.1 and Figure 3; released code: threshold 0.5, 21 frames.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from reprosep.papers.system import WIENER, Variant
from reprosep.params.work import Separation


def hard_gate(probability: np.ndarray, threshold: float) -> np.ndarray:
    """``probability > threshold``, bool ``(frame,)``."""
    return probability > threshold


def median_filter(gate: np.ndarray, frames: int) -> np.ndarray:
    """Running majority over an odd number of frames, bool ``(frame,)``; ends are reflected without their own frame."""
    # scipy's 'mirror' is torch's 'reflect': the edge frame is not repeated.
    return scipy.ndimage.median_filter(gate.astype(np.uint8), size=frames, mode="mirror").astype(bool)


def gate_for(
    variant: Variant, probability: np.ndarray | None, labels: np.ndarray, settings: Separation
) -> np.ndarray | None:
    """The gate of a test-time variant, bool ``(frame,)``, or None for no gate.

    That of ``wiener`` is of the estimates that are filtered: median-filtered, or none without an activity head.
    """
    if variant == "none" or (variant == WIENER and probability is None):
        return None
    if variant == "oracle":
        return labels
    if probability is None:
        raise ValueError(f"variant '{variant}' needs an activity head")
    gate = hard_gate(probability, settings.threshold)
    return gate if variant == "raw" else median_filter(gate, settings.median_frames)


def gates_for(
    variant: Variant, probability: np.ndarray | None, labels: np.ndarray, settings: Separation
) -> np.ndarray | None:
    """The gates of several targets, bool ``(target, frame)``, or None for no gate."""
    each = [None] * len(labels) if probability is None else list(probability)
    gates = [gate_for(variant, one, label, settings) for one, label in zip(each, labels, strict=True)]
    chosen = [gate for gate in gates if gate is not None]
    return np.stack(chosen) if chosen else None
