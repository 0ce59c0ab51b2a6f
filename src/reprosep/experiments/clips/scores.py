"""Scores of a network that is trained on clips, in whole songs of every corpus on which it is tested."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from reprosep.experiments.clips.estimate import separate_target
from reprosep.experiments.clips.network import network
from reprosep.experiments.clips.tested import scored_on
from reprosep.models.blstm import BLSTM
from reprosep.papers.run import Run
from reprosep.papers.system import ClipsSystem
from reprosep.params.scale import Params
from reprosep.scores.tracks import TargetInTracks
from reprosep.separation.oracle import Scene


def make_scorer(params: Params, run: Run, system: ClipsSystem, results: Path, stamp: str) -> ClipsScorer:
    """The scorer of a trained run."""
    return ClipsScorer(params, run, system, results, stamp)


class ClipsScorer(TargetInTracks[ClipsSystem]):
    """The whole song passes the network at once."""

    @property
    def tested(self) -> list[str]:
        return scored_on(self.params, self.run, self.system)

    @cached_property
    def model(self) -> BLSTM:
        """The trained network."""
        model: BLSTM = self.with_best_weights(network(self.system, self.params))
        return model

    def estimate(self, scene: Scene) -> np.ndarray:
        return separate_target(self.model, scene.mixture[0], self.params)
