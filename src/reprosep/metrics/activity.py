"""How well activity is detected: AUC of one target, LRAP of several, and pooling over time.

Conventions
-----------
Labels are bool, probabilities float, both ``(clip, instrument)`` or, for one target, ``(clip,)``. What cannot be
scored is NaN: an AUC where only one class occurs, an LRAP of clips in which nothing plays (scikit-learn calls those
perfect; here they are left out, since nothing is ranked).

References
----------
Fawcett: An introduction to ROC analysis, 2006. Tsoumakas, Katakis, Vlahavas: Mining multi-label data, 2010 (LRAP). The
group's page on Gururani, Summers, Lerch (ISMIR 2018): maxima of predictions and labels over longer time scales.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import label_ranking_average_precision_score, roc_auc_score


def auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve of one target, NaN when the labels ``(clip,)`` are all active or all inactive."""
    if not len(labels) or labels.all() or not labels.any():
        return float("nan")
    return float(roc_auc_score(labels, probabilities))


def macro_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of the AUC over the instruments that have one; NaN when none has."""
    each = [auc(*pair) for pair in zip(labels.T, probabilities.T, strict=True)]
    finite = [value for value in each if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def lrap(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Label-ranking average precision over the clips in which something plays; NaN when there is none."""
    playing = labels.any(axis=1)
    if not playing.any():
        return float("nan")
    return float(label_ranking_average_precision_score(labels[playing], probabilities[playing]))


def pooled(values: np.ndarray, clips: int | None) -> np.ndarray:
    """Maximum over every `clips` clips of a song ``(clip, instrument)``, fewer at its end; None: over all of them."""
    if not len(values):
        return values
    starts = np.arange(0, len(values), clips or len(values))
    return np.asarray(np.maximum.reduceat(values, starts, axis=0))


def confusions(labels: np.ndarray, detected: np.ndarray) -> np.ndarray:
    """How often instrument j plays undetected while i is detected and does not play, ``(i, j)`` counts of clips.

    References
    ----------
    The group's page: the distribution of false negatives given a false positive is a row divided by its sum.
    """
    false_positive, false_negative = detected & ~labels, labels & ~detected
    return np.asarray(false_positive.T.astype(np.int64) @ false_negative.astype(np.int64))
