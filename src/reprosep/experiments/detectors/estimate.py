"""From a detector to probabilities, and from those of instruments to a gate for a target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.errors import UserError
from reprosep.experiments.detectors.instruments import instruments_of_class
from reprosep.params.scale import Params

_CLIPS = 64  # clips that pass the network together


def probabilities(model: Any, clips: np.ndarray, together: int = _CLIPS) -> np.ndarray:
    """Probability of every instrument in clips ``(second, band, frame)``, float64 ``(second, instrument)``.

    `together` pass the network at once.
    """
    import torch  # takes seconds, and tables need none of it

    model.eval()
    with torch.inference_mode():
        parts = [model(torch.from_numpy(clips[first : first + together])) for first in range(0, len(clips), together)]
    if not parts:
        raise UserError("the song is shorter than one clip (detection.clip_seconds); give a longer one")
    return np.asarray(torch.sigmoid(torch.cat(parts).double()).numpy())


def of_blocks(model: Any, blocks: np.ndarray, clips: int, seconds: int) -> np.ndarray:
    """Probability of every instrument in every second, float64 ``(second, instrument)``: that of its block.

    `blocks` are of that many `clips` (seconds) each, ``(block, band, frame)``.
    """
    found = probabilities(model, blocks, max(_CLIPS // clips, 1))
    return np.repeat(found, clips, axis=0)[:seconds]


def of_target(table: pd.DataFrame, target: str, params: Params) -> pd.DataFrame:
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
