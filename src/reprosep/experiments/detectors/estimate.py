"""From a detector and the clips of a song to probabilities of instruments."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from reprosep.base.errors import UserError
from reprosep.models.placement import answered

_CLIPS = 64  # clips that pass the network together


def probabilities(model: Any, clips: np.ndarray, together: int = _CLIPS) -> np.ndarray:
    """Probability of every instrument in clips ``(second, band, frame)``, float64 ``(second, instrument)``.

    `together` pass the network at once.
    """
    model.eval()
    with torch.inference_mode():
        firsts = range(0, len(clips), together)
        batches = (torch.from_numpy(clips[first : first + together]) for first in firsts)
        parts = [answered(model, model, batch).cpu() for batch in batches]
    if not parts:
        raise UserError("the song is shorter than one clip (detection.clip_seconds); give a longer one")
    return np.asarray(torch.sigmoid(torch.cat(parts).double()).numpy())


def block_probabilities(model: Any, blocks: np.ndarray, clips: int, seconds: int) -> np.ndarray:
    """Probability of every instrument in every second, float64 ``(second, instrument)``: that of its block.

    `blocks` are of that many `clips` (seconds) each, ``(block, band, frame)``.
    """
    by_block = probabilities(model, blocks, max(_CLIPS // clips, 1))
    return np.repeat(by_block, clips, axis=0)[:seconds]
