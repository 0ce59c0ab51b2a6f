"""Scores of oracles: in frames beside networks of one target, whole beside those of a setting, or by tracks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.mixtures.mixing import Recipe
from reprosep.papers.run import Run
from reprosep.papers.system import OracleSystem
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard, Scorer
from reprosep.scores.settings import SettingWhole, SourceEstimates, SourceScene
from reprosep.scores.targets import TargetInFrames, Waves
from reprosep.scores.tracks import TargetInTracks
from reprosep.separation.masks import ideal_estimate
from reprosep.separation.oracle import Scene


def make_scorer(params: Params, run: Run, system: OracleSystem, results: Path, stamp: str) -> Scorer[Any]:
    """The scorer of an oracle."""
    return _SCORERS[system.scored](params, run, system, results, stamp)


class OracleInFrames(TargetInFrames[OracleSystem]):
    """The mask of ``scoring.<oracle>`` with the changes of the paper."""

    def wave(self, scene: Scene) -> np.ndarray:
        """The estimate ``(channel, sample)``."""
        return scene.estimate(self.system.mask.applied(self.system.oracle, self.params.scoring))

    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Waves, np.ndarray | None]:
        return iter([("none", self.wave(scene))]), None

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        return Heard(self.wave(self.scene(recipe)))


class OracleOfSetting(SettingWhole[OracleSystem]):
    """The unprocessed mixture as the estimate of every source."""

    def estimates(self, recipe: Recipe, scene: SourceScene) -> SourceEstimates:
        return SourceEstimates({"none": np.repeat(scene.mixture[None], len(self.run.targets), axis=0)}, None)

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        return Heard(self.scene(recipe).mixture[None])


class OracleInTracks(TargetInTracks[OracleSystem]):
    """Masks of the spectrograms that the network of tracks works on."""

    @property
    def tested(self) -> list[str]:
        return [self.run.corpus]

    def estimate(self, scene: Scene) -> np.ndarray:
        return ideal_estimate(self.system.oracle, scene.target[0], scene.mixture[0], self.params)


_SCORERS: dict[str, Callable[..., Scorer[Any]]] = {
    "frames": OracleInFrames,
    "whole": OracleOfSetting,
    "tracks": OracleInTracks,
}
