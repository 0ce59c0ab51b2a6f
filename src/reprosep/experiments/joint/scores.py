"""Scores of a network of several targets: of each against its accompaniment, as those of a network of one target."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.experiments.joint.estimate import separate_jointly
from reprosep.experiments.joint.network import network
from reprosep.experiments.joint.songs import HeldSong, held_songs
from reprosep.experiments.target.estimate import Estimate
from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Recipe
from reprosep.models.joint_iass import JointIASS
from reprosep.papers.run import Run
from reprosep.papers.system import JointSystem, Variant
from reprosep.params.scale import Params
from reprosep.scores.frames import Sounding, framed_references, score_frames
from reprosep.scores.scorer import Heard, Scorer
from reprosep.separation.gate import gate_for
from reprosep.separation.oracle import Scene

Scenes = dict[str, Scene]
"""Every target that a song holds, in its mixture."""


def make_scorer(params: Params, run: Run, system: JointSystem, results: Path, stamp: str) -> JointScorer:
    """The scorer of a trained run."""
    return JointScorer(params, run, system, results, stamp)


class JointScorer(Scorer[JointSystem]):
    """One forward pass per song for all targets, and every gate of each."""

    @property
    def together(self) -> str:
        return self.run.target

    @cached_property
    def model(self) -> JointIASS:
        """The trained network."""
        model = network(self.system, self.params, self.channels, len(self.run.targets))
        trained: JointIASS = self.with_best_weights(model)
        return trained

    @cached_property
    def songs(self) -> dict[str, HeldSong]:
        """The test songs that hold any of the targets, by name."""
        return {song.name: song for song in held_songs(self.folder, self.run.targets, "test")}

    def recipes(self) -> list[Recipe]:
        return [song.first for song in self.songs.values()]

    def scene(self, recipe: Recipe) -> Scenes:
        held = self.songs[recipe.name].recipes
        return {target: Scene(*self.mixer.render(one)) for target, one in held.items()}

    def references(self, recipe: Recipe, scene: Scenes) -> list[References]:
        """Target and accompaniment of every target that the song holds."""
        return [framed_references(self.params, one.target, one.mixture) for one in scene.values()]

    def separate(self, scene: Scenes) -> dict[str, Estimate]:
        """The estimates of all targets, from one pass over the mixture."""
        mixture = next(iter(scene.values())).mixture
        return dict(zip(self.run.targets, separate_jointly(self.model, mixture, self.params), strict=True))

    def score(self, recipe: Recipe, scene: Scenes, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        estimates, scores, activity = self.separate(scene), [], []
        for (target, own), pair in zip(scene.items(), references, strict=True):
            labels = self.mixer.labels(self.songs[recipe.name].recipes[target])
            song = Sounding(own.target, own.mixture, labels, self.params.stft.hop)
            waves: dict[str, np.ndarray] = {
                one: self.wave(one, recipe, target, estimates[target]) for one in self.system.variants()
            }
            scores.append(score_frames(pair, waves, self.params.audio.sample_rate, song).assign(target=target))
            if (probability := estimates[target].probability) is not None:
                activity.append(self.activity_of(target, probability, labels))
        table = self.identified(recipe, pd.concat(scores, ignore_index=True))
        return table, self.identified(recipe, pd.concat(activity, ignore_index=True)) if activity else pd.DataFrame()

    def wave(self, variant: Variant, recipe: Recipe, target: str, estimate: Estimate) -> np.ndarray:
        """The estimate of a target by a variant, ``(channel, sample)``."""
        labels = self.mixer.labels(self.songs[recipe.name].recipes[target])
        return estimate.wave(gate_for(variant, estimate.probability, labels, self.params.separation))

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        _, mixture = self.mixer.render(recipe)
        estimate = separate_jointly(self.model, mixture, self.params)[self.run.targets.index(target)]
        variant: Variant = "median" if self.system.has_head else "none"
        gate = gate_for(variant, estimate.probability, self.mixer.labels(recipe), self.params.separation)
        return Heard(estimate.wave(gate), estimate.probability, gate)
