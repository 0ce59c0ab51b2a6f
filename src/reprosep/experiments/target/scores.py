"""Scores of a network that estimates one target, in every test-time variant of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.experiments.detectors.gate import gate_of_seconds, target_detections
from reprosep.experiments.gates import gating_run
from reprosep.experiments.target.estimate import Estimate, separate
from reprosep.experiments.target.network import network
from reprosep.mixtures.mixing import Recipe
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.papers.run import Run
from reprosep.papers.system import BY_DETECTOR, TargetSystem, Variant
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard
from reprosep.scores.targets import TargetInFrames, Waves
from reprosep.separation.gate import gate_for
from reprosep.separation.oracle import Scene


def make_scorer(params: Params, run: Run, system: TargetSystem, results: Path, stamp: str) -> TargetScorer:
    """The scorer of a trained run."""
    return TargetScorer(params, run, system, results, stamp)


class TargetScorer(TargetInFrames[TargetSystem]):
    """One forward pass per song, and every gate of it."""

    @cached_property
    def model(self) -> IASS | OpenUnmix:
        """The trained network."""
        model: IASS | OpenUnmix = self.with_best_weights(network(self.system, self.params, self.channels))
        return model

    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Waves, np.ndarray | None]:
        estimate, labels = separate(self.model, scene.mixture, self.params), self.mixer.labels(recipe)
        gates = ((v, self._gate(v, recipe, estimate, labels)) for v in self.variants)
        return ((variant, estimate.wave(gate)) for variant, gate in gates), estimate.probability

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those in which the run is scored."""
        own = self.system.variants()
        return (*own, BY_DETECTOR) if self._gating_run else own

    @property
    def _gating_run(self) -> Run | None:
        return gating_run(self.params, self.run.corpus, self.system, self.run.seed)

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
        run = self._gating_run
        assert run is not None
        return self.results / "scores" / f"{run.id}.parquet"

    @cached_property
    def detections(self) -> dict[str, np.ndarray]:
        """Song -> the detector's probability of the target in every second."""
        table = target_detections(read_table(self.detector), self.run.target, self.params)
        return {str(song): rows.sort_values("frame")["probability"].to_numpy() for song, rows in table.groupby("song")}

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        estimate = separate(self.model, self.scene(recipe).mixture, self.params)
        variant: Variant = "median" if self.system.has_head else "none"
        gate = gate_for(variant, estimate.probability, self.mixer.labels(recipe), self.params.separation)
        return Heard(estimate.wave(gate), estimate.probability, gate)
