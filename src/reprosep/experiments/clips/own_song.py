"""A trained network of clips on a user's song."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reprosep.experiments.clips.estimate import separate_target
from reprosep.experiments.trained import TrainedRun
from reprosep.papers.system import Variant


def separator(run: TrainedRun) -> Callable[[np.ndarray, Variant], np.ndarray]:
    """Estimates ``(1, 1, sample)`` of a wave ``(1, sample)``; it has no gates."""
    model = run.model()
    return lambda wave, _variant: separate_target(model, wave[0], run.params)[None, None]
