"""How well the pitches of every frame are told: mir_eval's multi-pitch measures.

Conventions
-----------
Notes are bool ``(pitch, frame)``; a row is a semitone, of MIDI's numbers. A pitch that is told is right where the same
one sounds in that frame. *accuracy* is the share of right ones among all that sound or are told, *precision* among
those told, *recall* among those that sound, over all frames of a song together. A song without any note has no score.

References
----------
Poliner and Ellis: A discriminative model for polyphonic piano transcription, 2007 (accuracy). Bay, Ehmann and Downie:
Evaluation of multiple-F0 estimation and tracking systems, ISMIR 2009. Raffel et al.: mir_eval, ISMIR 2014.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

_A4, _A4_HZ, _OCTAVE = 69, 440.0, 12
_NAMES = {"pitch precision": "Precision", "pitch recall": "Recall", "pitch accuracy": "Accuracy"}


def pitch_scores(notes: np.ndarray, told: np.ndarray, lowest: int, seconds: float) -> dict[str, float]:
    """Accuracy, precision and recall, 0 to 1, of the pitches `told` beside the `notes`; NaN where no note sounds.

    Parameters
    ----------
    lowest
        MIDI's number of the first row.
    seconds
        From frame to frame.
    """
    if not notes.any():
        return dict.fromkeys(_NAMES, float("nan"))
    import mir_eval  # of reproductions; the slim installation has no such scores

    times = np.arange(notes.shape[1]) * seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where nothing is told at all: precision is 0 then
        found = mir_eval.multipitch.evaluate(times, frequencies(notes, lowest), times, frequencies(told, lowest))
    return {name: float(found[theirs]) for name, theirs in _NAMES.items()}


def best_threshold(notes: np.ndarray, probabilities: np.ndarray, thresholds: Sequence[float]) -> float:
    """The threshold from which on pitches count as told with the highest accuracy; the first of equal ones.

    Parameters
    ----------
    notes, probabilities
        ``(pitch, frame)``, of all frames that choose; a semitone's grid makes accuracy a count of places.
    """
    accuracies = []
    for threshold in thresholds:
        told = probabilities >= threshold
        accuracies.append(int((notes & told).sum()) / max(int((notes | told).sum()), 1))
    return thresholds[int(np.argmax(accuracies))]


def frequencies(notes: np.ndarray, lowest: int) -> list[np.ndarray]:
    """The frequencies in Hz that sound in every frame of notes ``(pitch, frame)``."""
    hertz = _A4_HZ * 2.0 ** ((lowest + np.arange(len(notes)) - _A4) / _OCTAVE)
    return [hertz[frame] for frame in notes.T.astype(bool)]
