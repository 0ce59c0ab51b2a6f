"""Scores of a system that separates one target: BSS Eval version 4 in frames, as the IASS paper has it.

The references of a mixture are the target and its accompaniment; only the target is estimated and scored. (museval
wants as many estimates as references, so the authors gave it two copies of the one; the target's scores are the same.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.experiments.detectors.estimate import gate_of_seconds, of_target
from reprosep.experiments.target.estimate import Estimate, separate
from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Recipe, recipes_of
from reprosep.papers.run import gating_run, scored_variants
from reprosep.papers.system import BY_DETECTOR, Variant
from reprosep.scores.frames import Sounding, framed_references, score_frames
from reprosep.scores.scorer import Heard, Scorer
from reprosep.separation.gate import gate_for
from reprosep.separation.oracle import Scene


class TargetScorer(Scorer):
    """The target of a run in the test mixtures that hold it."""

    @property
    def data(self) -> list[str]:
        own = [f"mixtures/{self.run.target}.parquet", "audio/index.parquet", "activity/index.parquet"]
        return [*own, f"../scores/{self.detector.name}"] if BY_DETECTOR in self.variants else own

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
        gates = ((v, self._gate(v, recipe, estimate, labels)) for v in self.variants)
        return ((variant, estimate.wave(gate)) for variant, gate in gates), estimate

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those in which the run is scored."""
        return scored_variants(self.params, self.run, self.system)

    def _gate(self, variant: Variant, recipe: Recipe, estimate: Estimate, labels: np.ndarray) -> np.ndarray | None:
        if variant != BY_DETECTOR:
            return gate_for(variant, estimate.probability, labels, self.params.separation)
        if recipe.name not in self.detections:
            raise UserError(
                f"{self.detector}: nothing about song '{recipe.name}', which is a test song of '{self.run.corpus}'; "
                "delete the file and score the detector again"
            )
        return gate_of_seconds(self.detections[recipe.name], estimate.spectrum.frames, self.params)

    @property
    def detector(self) -> Path:
        """The score file of the detector that gates the run."""
        run = gating_run(self.params, self.run.corpus, self.system, self.run.seed)
        assert run is not None
        return self.results / "scores" / f"{run.id}.parquet"

    @cached_property
    def detections(self) -> dict[str, np.ndarray]:
        """Song -> the detector's probability of the target in every second."""
        found = of_target(read_table(self.detector), self.run.target, self.params)
        return {str(song): rows.sort_values("frame")["probability"].to_numpy() for song, rows in found.groupby("song")}

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        variant: Variant = "median" if "median" in self.system.variants() else "none"
        waves, estimate = self.estimates(recipe, self.scene(recipe))
        wave = next(wave for name, wave in waves if name == variant)
        if estimate is None:
            return Heard(wave)
        gate = gate_for(variant, estimate.probability, self.mixer.labels(recipe), self.params.separation)
        return Heard(wave, estimate.probability, gate)

    def score(self, recipe: Recipe, scene: Scene, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        waves, estimate = self.estimates(recipe, scene)
        labels = self.mixer.labels(recipe)
        song = Sounding(scene.target, scene.mixture, labels, self.params.stft.hop)
        table = score_frames(references[0], dict(waves), self.params.audio.sample_rate, song)
        scores = self.identified(recipe, table.assign(target=self.run.target))
        if estimate is None or estimate.probability is None:
            return scores, pd.DataFrame()
        activity = self.activity_of(self.run.target, estimate.probability, labels)
        return scores, self.identified(recipe, activity)
