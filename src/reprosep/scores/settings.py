"""Scores of all sources of a setting over whole songs, as the M-U-Net paper computes them.

BSS Eval version 3 (mir_eval's) over whole songs: every estimate against all references of its setting. A source that
is silent in a song is no reference there and has no score; mir_eval refuses such a song altogether.

References
----------
Kadandale et al. 2020, Section IV-C; their released code.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from reprosep.metrics.bsseval import References
from reprosep.metrics.bsseval_v3 import score_sources
from reprosep.mixtures.mixing import Recipe
from reprosep.mixtures.source_songs import SourceSongs
from reprosep.papers.system import Variant
from reprosep.scores.scorer import Scorer, SystemType

METRICS = ("SDR", "SIR", "SAR")


@dataclass(frozen=True)
class SourceScene:
    """The sources of a setting in a song; `sounding` are the numbers of those that are not silent."""

    sources: np.ndarray
    sounding: list[int]

    @property
    def mixture(self) -> np.ndarray:
        """Their sum, ``(sample,)``."""
        total: np.ndarray = self.sources.sum(axis=0)
        return total


@dataclass(frozen=True)
class SourceEstimates:
    """Waves ``(target, sample)`` by variant, and probabilities ``(target, frame)`` of systems with activity heads."""

    waves: dict[Variant, np.ndarray]
    probability: np.ndarray | None


class SettingWhole(Scorer[SystemType]):
    """All targets of a run in every test song, whole."""

    @cached_property
    def songs(self) -> SourceSongs:
        """The songs of the run's corpus by their sources."""
        return SourceSongs(self.mixer)

    @property
    def together(self) -> str:
        return "+".join(self.system.setting)

    def recipes(self) -> list[Recipe]:
        """All test songs."""
        return [self.mixer.song_recipe(song, self.run.targets[0]) for song in self.songs.songs("test")]

    def scene(self, recipe: Recipe) -> SourceScene:
        """The sources of a song."""
        sources = self.songs.waves(recipe.name, self.system.setting)
        return SourceScene(sources, [number for number, wave in enumerate(sources) if wave.any()])

    def references(self, recipe: Recipe, scene: SourceScene) -> list[References]:
        """The sources that sound, over the whole song."""
        device = None if self.params.scoring.device == "cpu" else self.params.scoring.device
        return [References(scene.sources[scene.sounding], device=device)]

    @abstractmethod
    def estimates(self, recipe: Recipe, scene: SourceScene) -> SourceEstimates:
        """What the run estimates in a song."""

    def labels(self, recipe: Recipe) -> np.ndarray:
        """Whether each target is active, ``(target, frame)``."""
        labels = self.songs.labels(recipe.name, self.system.setting)
        return labels[[self.system.setting.index(name) for name in self.run.targets]]

    def score(
        self, recipe: Recipe, scene: SourceScene, references: list[References]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        estimates = self.estimates(recipe, scene)
        rows = []
        for variant, waves in estimates.waves.items():
            for target, values in zip(self.run.targets, self.values(scene, references[0], waves), strict=True):
                silent = "" if np.isfinite(values).any() else self._silence(scene, target)
                rows.append((target, variant, *np.where(np.isfinite(values), values, np.nan), silent))
        table = pd.DataFrame(rows, columns=["target", "variant", *METRICS, "dropped"])
        scores = table.assign(ISR=np.nan, frame=np.int32(0), time=0.0, ill_posed=references[0].conditioning.ill_posed)
        return self.identified(recipe, scores), self.activity(recipe, estimates)

    def values(self, scene: SourceScene, references: References, waves: np.ndarray) -> np.ndarray:
        """SDR, SIR and SAR ``(target, metric)`` of estimates ``(target, sample)``; NaN where either is silent."""
        values = np.full((len(self.run.targets), len(METRICS)), np.nan)
        numbers = [self.system.setting.index(name) for name in self.run.targets]
        scored = [place for place, number in enumerate(numbers) if number in scene.sounding and waves[place].any()]
        if scored:
            places = [scene.sounding.index(numbers[place]) for place in scored]
            scores = score_sources(references, waves[scored], sources=places)
            values[scored] = np.stack([scores.SDR, scores.SIR, scores.SAR], axis=1)
        return values

    def _silence(self, scene: SourceScene, target: str) -> str:
        sounds = self.system.setting.index(target) in scene.sounding
        return "silent estimate" if sounds else "silent target"

    def activity(self, recipe: Recipe, estimates: SourceEstimates) -> pd.DataFrame:
        """Activity per target and frame; empty without activity heads."""
        if estimates.probability is None:
            return pd.DataFrame()
        rows = zip(self.run.targets, estimates.probability, self.labels(recipe), strict=True)
        table = pd.concat([self.activity_of(*row) for row in rows], ignore_index=True)
        return self.identified(recipe, table)
