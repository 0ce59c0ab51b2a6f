"""Scores of systems that separate the sources of a song, as the M-U-Net paper computes them.

BSS Eval version 3 (mir_eval's) over whole songs: every estimate against all references of its setting. A source that
is silent in a song is no reference there and has no score; mir_eval refuses such a song altogether.

References
----------
Kadandale et al. 2020, Section IV-C; their released code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from reprosep.experiments.sources.estimate import SourcesEstimate, separate_sources
from reprosep.metrics.bsseval import References
from reprosep.metrics.bsseval_v3 import score_sources
from reprosep.mixtures.mixing import Recipe
from reprosep.mixtures.source_songs import SourceSongs
from reprosep.papers.system import Variant
from reprosep.scores.scorer import Heard, Scorer
from reprosep.separation.gate import gate_for, gates_for

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


class SourcesScorer(Scorer):
    """All targets of a run in every test song, whole."""

    @cached_property
    def songs(self) -> SourceSongs:
        """The songs of the run's corpus by their sources."""
        return SourceSongs(self.mixer)

    @property
    def data(self) -> list[str]:
        return ["catalog.parquet", "audio/index.parquet", "activity/index.parquet"]

    @property
    def together(self) -> str:
        return "+".join(self.system.sources)

    def recipes(self) -> list[Recipe]:
        """All test songs."""
        return [self.mixer.song_recipe(song, self.run.targets[0]) for song in self.songs.songs("test")]

    def scene(self, recipe: Recipe) -> SourceScene:
        """The sources of a song."""
        sources = self.songs.waves(recipe.name, self.system.sources)
        return SourceScene(sources, [number for number, wave in enumerate(sources) if wave.any()])

    def references(self, recipe: Recipe, scene: SourceScene) -> list[References]:
        """The sources that sound, over the whole song."""
        device = None if self.params.scoring.device == "cpu" else self.params.scoring.device
        return [References(scene.sources[scene.sounding], device=device)]

    def separate(self, scene: SourceScene) -> SourcesEstimate:
        """The forward pass over a song."""
        size, samples = self.params.models.of_sources(str(self.system.model)), self.songs.chunk_samples
        return separate_sources(self.model, scene.mixture, self.params, size, samples, len(self.run.targets))

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        found, place = self.estimates(recipe, self.scene(recipe)), self.run.targets.index(target)
        variant: Variant = "median" if "median" in found.waves else "none"
        wave = found.waves[variant][[place]]
        if found.probability is None:
            return Heard(wave)
        probability, labels = found.probability[place], self.labels(recipe)[place]
        return Heard(wave, probability, gate_for(variant, probability, labels, self.params.separation))

    def estimates(self, recipe: Recipe, scene: SourceScene) -> SourceEstimates:
        """What the run estimates in a song."""
        if self.system.oracle:
            return SourceEstimates({"none": np.repeat(scene.mixture[None], len(self.run.targets), axis=0)}, None)
        found, labels, settings = self.separate(scene), self.labels(recipe), self.params.separation
        gates = {variant: gates_for(variant, found.probability, labels, settings) for variant in self.system.variants()}
        waves = {variant: found.waves(gate) for variant, gate in gates.items()}
        return SourceEstimates(waves, found.probability)

    def labels(self, recipe: Recipe) -> np.ndarray:
        """Whether each target is active, ``(target, frame)``."""
        labels = self.songs.labels(recipe.name, self.system.sources)
        return labels[[self.system.sources.index(name) for name in self.run.targets]]

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
        found = np.full((len(self.run.targets), len(METRICS)), np.nan)
        numbers = [self.system.sources.index(name) for name in self.run.targets]
        scored = [place for place, number in enumerate(numbers) if number in scene.sounding and waves[place].any()]
        if scored:
            places = [scene.sounding.index(numbers[place]) for place in scored]
            scores = score_sources(references, waves[scored], sources=places)
            found[scored] = np.stack([scores.SDR, scores.SIR, scores.SAR], axis=1)
        return found

    def _silence(self, scene: SourceScene, target: str) -> str:
        sounds = self.system.sources.index(target) in scene.sounding
        return "silent estimate" if sounds else "silent target"

    def activity(self, recipe: Recipe, estimates: SourceEstimates) -> pd.DataFrame:
        """Activity per target and frame; empty without activity heads."""
        if estimates.probability is None:
            return pd.DataFrame()
        rows = zip(self.run.targets, estimates.probability, self.labels(recipe), strict=True)
        table = pd.concat([self.activity_of(*row) for row in rows], ignore_index=True)
        return self.identified(recipe, table)
