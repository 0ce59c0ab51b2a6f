"""What a detector finds in every second of the test songs: a probability and a label per instrument.

A detector with an `input_seconds` finds something in every block of a song (:mod:`.seconds`), and a second has the
probability of its block; labels are those of every second all the same. Maxima over as many seconds are then the
block's own probability and whether an instrument plays in any of its seconds. Where the song ends within its last
block, the probability is of the song's last whole window, and the labels are of the seconds that are left.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.experiments.detectors.estimate import block_probabilities
from reprosep.experiments.detectors.network import network
from reprosep.experiments.detectors.seconds import Seconds, input_clips
from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Recipe
from reprosep.papers.run import Run
from reprosep.papers.system import DetectorSystem
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard, Scorer


def make_scorer(params: Params, run: Run, system: DetectorSystem, results: Path, stamp: str) -> DetectionScorer:
    """The scorer of a trained run."""
    return DetectionScorer(params, run, system, results, stamp)


class DetectionScorer(Scorer[DetectorSystem]):
    """All instruments in all test songs of the detectors' split; a frame is a second, a target an instrument."""

    @cached_property
    def seconds(self) -> Seconds:
        """Of the run's corpus."""
        return Seconds(self.params, self.run.corpus, self.results)

    @cached_property
    def model(self) -> Any:
        """The trained network."""
        return self.with_best_weights(network(self.system, self.params))

    @property
    def clips(self) -> int:
        """Seconds that the network hears at once, counted in clips."""
        return input_clips(self.params, self.system.input_seconds)

    @property
    def together(self) -> str:
        return self.run.target

    def recipes(self) -> list[Recipe]:
        """The test songs; they are not mixed again."""
        return [Recipe(song, 0, ()) for song in self.seconds.songs("test")]

    def scene(self, recipe: Recipe) -> np.ndarray:
        """The clips of a song, or its blocks, ``(block, band, frame)``."""
        return self.seconds.blocks(recipe.name, self.clips)

    def references(self, recipe: Recipe, scene: np.ndarray) -> list[References]:
        """None: labels are all that is compared with."""
        return []

    def score(
        self, recipe: Recipe, scene: np.ndarray, references: list[References]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        labels = self.seconds.labels[recipe.name]
        probabilities = block_probabilities(self.model, scene, self.clips, len(labels))
        parts = [
            self.activity_of(name, probabilities[:, number], labels[:, number])
            for number, name in enumerate(self.seconds.instruments)
        ]
        table = pd.concat(parts, ignore_index=True)
        times = table["frame"] * self.params.detection.clip_seconds
        return self.identified(recipe, table.assign(time=times)), pd.DataFrame()

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        raise TypeError("a detector estimates no sound")
