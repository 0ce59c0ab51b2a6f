"""Scores of a system that separates one target: BSS Eval version 4 in frames, as the IASS paper has it.

The references of a mixture are the target and its accompaniment; only the target is estimated and scored. (museval
wants as many estimates as references, so the authors gave it two copies of the one; the target's scores are the same.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.metrics.bsseval import References
from reprosep.mixing import Recipe, recipes_of
from reprosep.papers import Variant
from reprosep.scoring.frame_scores import framed_references, score_frames
from reprosep.scoring.scorer import Scorer
from reprosep.separation.estimate import Estimate, separate
from reprosep.separation.gate import gate_for
from reprosep.separation.oracle import Scene


class TargetScorer(Scorer):
    """The target of a run in the test mixtures that hold it."""

    @property
    def data(self) -> list[str]:
        return [f"mixtures/{self.run.target}.parquet", "audio/index.parquet", "activity/index.parquet"]

    @property
    def together(self) -> str:
        return self.run.target

    def recipes(self) -> list[Recipe]:
        """The test mixtures that hold the run's target."""
        return recipes_of(read_table(self.folder / self.data[0]), self.run.target, "test")

    def scene(self, recipe: Recipe) -> Scene:
        """The target in its mixture."""
        return Scene(*self.mixer.render(recipe))

    def references(self, recipe: Recipe, scene: Scene) -> list[References]:
        """Target and accompaniment of a mixture."""
        return [framed_references(self.params, scene.target, scene.mixture)]

    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Iterator[tuple[Variant, np.ndarray]], Estimate | None]:
        """(variant, wave ``(channel, sample)``) one at a time, and the forward pass behind them."""
        if self.system.oracle:
            return iter([("none", scene.estimate(self.system.mask_settings(self.params.scoring)))]), None
        estimate, labels = separate(self.model, scene.mixture, self.params), self.mixer.labels(recipe)
        gates = ((v, gate_for(v, estimate.probability, labels, self.params.separation)) for v in self.system.variants())
        return ((variant, estimate.wave(gate)) for variant, gate in gates), estimate

    def estimate_to_hear(self, recipe: Recipe, target: str) -> np.ndarray:
        variant: Variant = "median" if "median" in self.system.variants() else "none"
        return dict(self.estimates(recipe, self.scene(recipe))[0])[variant]

    def score(self, recipe: Recipe, scene: Scene, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        waves, estimate = self.estimates(recipe, scene)
        table = score_frames(references[0], dict(waves), self.params.audio.sample_rate)
        scores = self.identified(recipe, table.assign(target=self.run.target))
        if estimate is None or estimate.probability is None:
            return scores, pd.DataFrame()
        activity = self.activity_of(self.run.target, estimate.probability, self.mixer.labels(recipe))
        return scores, self.identified(recipe, activity)
