"""Scores of systems that separate the sources of a song, computed as the IASS paper does for one target."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.experiments.sources.scores import SourcesScorer
from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Recipe
from reprosep.papers.run import Run
from reprosep.papers.system import SourcesSystem
from reprosep.params.scale import Params
from reprosep.scores.frames import Sounding, framed_references, score_frames
from reprosep.scores.settings import SourceScene


def make_scorer(params: Params, run: Run, system: SourcesSystem, results: Path, stamp: str) -> SourceFramesScorer:
    """The scorer of a trained run."""
    return SourceFramesScorer(params, run, system, results, stamp)


class SourceFramesScorer(SourcesScorer):
    """Targets against their accompaniment, in frames, in the songs that hold them."""

    @cached_property
    def holders(self) -> dict[str, set[str]]:
        """Target -> test songs that hold it."""
        tables = {name: read_table(self.folder / "mixtures" / f"{name}.parquet") for name in self.run.targets}
        return {name: set(table.loc[table["split"] == "test", "mixture"]) for name, table in tables.items()}

    def held(self, recipe: Recipe) -> list[str]:
        """The targets of a run that a song holds."""
        return [target for target in self.run.targets if recipe.name in self.holders[target]]

    def recipes(self) -> list[Recipe]:
        """Test songs that hold any of the targets."""
        return [recipe for recipe in super().recipes() if self.held(recipe)]

    def references(self, recipe: Recipe, scene: SourceScene) -> list[References]:
        """Target and accompaniment of every target that the song holds."""
        waves = (scene.sources[self.system.sources.index(target)] for target in self.held(recipe))
        return [framed_references(self.params, wave[None], scene.mixture[None]) for wave in waves]

    def score(
        self, recipe: Recipe, scene: SourceScene, references: list[References]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        estimates, rate, tables = self.estimates(recipe, scene), self.params.audio.sample_rate, []
        labels = self.labels(recipe)
        for target, pair in zip(self.held(recipe), references, strict=True):
            place = self.run.targets.index(target)
            own: dict[str, np.ndarray] = {variant: waves[[place]] for variant, waves in estimates.waves.items()}
            wave = scene.sources[self.system.sources.index(target)]
            song = Sounding(wave[None], scene.mixture[None], labels[place], self.params.stft.hop)
            tables.append(score_frames(pair, own, rate, song).assign(target=target))
        return self.identified(recipe, pd.concat(tables, ignore_index=True)), self.activity(recipe, estimates)
