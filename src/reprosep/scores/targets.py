"""Scores of a target against its accompaniment: BSS Eval version 4 in frames, as the IASS paper has it.

The references of a mixture are the target and its accompaniment; only the target is estimated and scored. (museval
wants as many estimates as references, so the authors gave it two copies of the one; the target's scores are the same.)
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Recipe, recipes_of
from reprosep.papers.system import Variant
from reprosep.scores.frames import Sounding, framed_references, score_frames
from reprosep.scores.scorer import Scorer, SystemType
from reprosep.separation.oracle import Scene

Waves = Iterator[tuple[Variant, np.ndarray]]
"""Variant and wave ``(channel, sample)``, one at a time."""


class TargetInFrames(Scorer[SystemType]):
    """The target of a run in the test mixtures that hold it."""

    @property
    def together(self) -> str:
        return self.run.target

    def recipes(self) -> list[Recipe]:
        """The test mixtures that hold the run's target."""
        mixtures = read_table(self.folder / "mixtures" / f"{self.run.target}.parquet")
        return recipes_of(mixtures, self.run.target, "test")

    def scene(self, recipe: Recipe) -> Scene:
        """The target in its mixture."""
        return Scene(*self.mixer.render(recipe))

    def references(self, recipe: Recipe, scene: Scene) -> list[References]:
        """Target and accompaniment of a mixture."""
        return [framed_references(self.params, scene.target, scene.mixture)]

    @abstractmethod
    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Waves, np.ndarray | None]:
        """The estimates by variant, and the activity probability ``(frame,)`` behind their gates, if there is one."""

    def score(self, recipe: Recipe, scene: Scene, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        waves, probability = self.estimates(recipe, scene)
        labels = self.mixer.labels(recipe)
        song = Sounding(scene.target, scene.mixture, labels, self.params.stft.hop)
        table = score_frames(references[0], dict(waves), self.params.audio.sample_rate, song)
        scores = self.identified(recipe, table.assign(target=self.run.target))
        if probability is None:
            return scores, pd.DataFrame()
        return scores, self.identified(recipe, self.activity_of(self.run.target, probability, labels))
