"""Scores of a trained network of one target behind gates that are chosen on validation songs, or are no switches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.base.files import read_record
from reprosep.experiments.gated.choice import Chosen, Validated, choose, validated
from reprosep.experiments.gated.plan import record_of_training
from reprosep.experiments.target.estimate import Estimate, separate
from reprosep.experiments.target.network import network
from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Recipe, recipes_of
from reprosep.models.iass import IASS
from reprosep.papers.run import Run
from reprosep.papers.system import GATES, GatedSystem, TargetSystem, Variant, system_of_record
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard
from reprosep.scores.targets import TargetInFrames, Waves
from reprosep.separation.oracle import Scene
from reprosep.separation.other_gates import hysteresis_gate, soft_gate
from reprosep.training.checkpoint import load_best


def make_scorer(params: Params, run: Run, system: GatedSystem, results: Path, stamp: str) -> GatedScorer:
    """The scorer of a run; its gates are chosen here, once for all processes that score songs."""
    scorer = GatedScorer(params, run, system, results, stamp)
    return replace(scorer, chosen=choose(scorer.validated_songs(), params.separation))  # without what it has loaded


@dataclass(frozen=True)
class GatedScorer(TargetInFrames[GatedSystem]):
    """One forward pass per song, and every gate of it."""

    chosen: Chosen | None = None

    @cached_property
    def model(self) -> IASS:
        """The trained network.

        Raises
        ------
        UserError
            When the training's record is of another kind of network.
        """
        path = self.results / record_of_training(self.run, self.system)
        system = system_of_record(read_record(path, settings=dict)["settings"])
        if not (isinstance(system, TargetSystem) and system.has_head):
            raise UserError(
                f"{path}: a network without activity head, which gates need; delete {path.parent} and train"
            )
        trained: IASS = load_best(path.parent, network(system, self.params, self.channels)).to(self.device)
        return trained

    def estimate(self, mixture: np.ndarray) -> Estimate:
        """The forward pass of the network."""
        return separate(self.model, mixture, self.params)

    def validated_songs(self) -> list[Validated]:
        """What the choice of gates needs of the validation songs."""
        torch.set_num_threads(1)  # as where songs are scored, so that no digit depends on the machine
        mixtures = read_table(self.folder / "mixtures" / f"{self.run.target}.parquet")
        songs = (self.mixer.render(recipe) for recipe in recipes_of(mixtures, self.run.target, "valid"))
        return [validated(self.estimate(mixture), target) for target, mixture in songs]

    def gate(self, variant: Variant, probability: np.ndarray | None) -> np.ndarray:
        """The gate of a variant, ``(frame,)``."""
        assert self.chosen is not None and probability is not None
        if variant == "hysteresis":
            return hysteresis_gate(probability, self.chosen.high, self.chosen.low)
        median = soft_gate(probability, self.params.separation.median_frames)
        return median if variant == "soft" else median > self.chosen.threshold

    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Waves, np.ndarray | None]:
        """Those of all gates; the probability behind them is the trained run's, and not told a second time."""
        estimate = self.estimate(scene.mixture)
        return ((one, estimate.wave(self.gate(one, estimate.probability))) for one in GATES), None

    def score(self, recipe: Recipe, scene: Scene, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """With the thresholds between which a gate opens and closes; NaN where there is none."""
        assert self.chosen is not None
        scores, activity = super().score(recipe, scene, references)
        opens = {"tuned": self.chosen.threshold, "hysteresis": self.chosen.high}
        closes = {**opens, "hysteresis": self.chosen.low}
        names = scores["variant"]
        switches = {"opens above": names.map(opens), "closes below": names.map(closes)}
        return scores.assign(**switches), activity

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        """Behind the tuned gate."""
        estimate = self.estimate(self.scene(recipe).mixture)
        gate = self.gate("tuned", estimate.probability)
        return Heard(estimate.wave(gate), estimate.probability, gate)
