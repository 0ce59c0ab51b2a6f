"""A trained network of clips on a user's song."""

from __future__ import annotations

import torch

from reprosep.experiments.clips.estimate import separate_target
from reprosep.experiments.separating import Separator
from reprosep.experiments.trained import TrainedRun


def separator(run: TrainedRun, device: torch.device) -> Separator:
    """Estimates ``(1, 1, sample)`` of a wave ``(1, sample)``; it has no gates."""
    model = run.model(device)
    return lambda wave, _variant, _advance: separate_target(model, wave[0], run.params)[None, None]
