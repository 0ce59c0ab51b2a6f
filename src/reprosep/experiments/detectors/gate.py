"""From a detector's probabilities of instruments to a gate for a target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reprosep.base.errors import UserError
from reprosep.experiments.detectors.instruments import instruments_of_class
from reprosep.params.scale import Params


def target_detections(table: pd.DataFrame, target: str, params: Params) -> pd.DataFrame:
    """Detections of a class of the separation papers: song, frame and the maximum over its instruments.

    Parameters
    ----------
    table
        A detector's score file.

    Raises
    ------
    UserError
        When none of ``detection.instruments`` is of the class.
    """
    names = instruments_of_class(target, params.detection.instruments)
    if not names:
        raise UserError(
            f"detection.instruments: none is '{target}', which is to be gated by a detector; add one that is"
        )
    rows = table[table["target"].isin(names)]
    return rows.groupby(["song", "frame"], as_index=False)[["probability", "label"]].max()


def gate_of_seconds(probability: np.ndarray, frames: int, params: Params) -> np.ndarray:
    """The gate of a song's frames, bool ``(frame,)``, from probabilities per second, of which the last one lasts."""
    clips = np.arange(frames) * params.stft.hop / (params.audio.sample_rate * params.detection.clip_seconds)
    places = np.minimum(clips.astype(int), len(probability) - 1)
    return np.asarray(probability[places] > params.detection.threshold)
