"""Scores of systems that separate the sources of a song, as the M-U-Net paper computes them.

BSS Eval version 3 (mir_eval's) over whole songs: every estimate against all references of its setting. A source that
is silent in a song is no reference there and has no score; mir_eval refuses such a song altogether.

References
----------
Kadandale et al. 2020, Section IV-C; their released code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.frame_scores import framed_references, score_frames
from reprosep.metrics.bsseval import References
from reprosep.metrics.bsseval_v3 import score_sources
from reprosep.mixing import Mixer, Recipe
from reprosep.papers import Run, System, Variant
from reprosep.params import Params
from reprosep.separation.gate import gate_for
from reprosep.separation.source_estimate import SourcesEstimate, separate_sources
from reprosep.source_songs import SourceSongs
from reprosep.training.checkpoint import load_best
from reprosep.training.source_examples import size_of

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
class SourcesScorer:
    """Everything that scores one song of a run; picklable, so that a process can have its own."""

    params: Params
    run: Run
    system: System
    results: Path
    weights: Path | None

    @cached_property
    def songs(self) -> SourceSongs:
        folder = self.results / self.run.corpus
        return SourceSongs(Mixer(self.params, self.run.corpus, read_table(folder / "catalog.parquet"), folder))

    @cached_property
    def model(self) -> Any:
        assert self.weights is not None
        return load_best(self.weights.parent, self.params, self.system, 1, len(self.run.targets))

    @property
    def mixer(self) -> Mixer:
        """Of the run's corpus."""
        return self.songs.mixer

    @property
    def data(self) -> list[str]:
        """The files of the corpus that scores depend on."""
        return ["catalog.parquet", "audio/index.parquet", "activity/index.parquet"]

    @property
    def together(self) -> str:
        """What runs must have in common to be scored on the same references."""
        return "+".join(self.system.sources)

    def recipes(self) -> list[Recipe]:
        """All test songs."""
        return [self.mixer.song_recipe(song, self.run.targets[0]) for song in self.songs.songs("test")]

    def scene(self, recipe: Recipe) -> SourceScene:
        """The sources of a song."""
        sources = self.songs.waves(recipe.name, self.system.sources)
        return SourceScene(sources, [number for number, wave in enumerate(sources) if wave.any()])

    def references(self, scene: SourceScene) -> References:
        """The sources that sound, over the whole song."""
        device = None if self.params.scoring.device == "cpu" else self.params.scoring.device
        return References(scene.sources[scene.sounding], device=device)

    def separate(self, scene: SourceScene) -> SourcesEstimate:
        """The forward pass over a song."""
        size, samples = size_of(self.system, self.songs), self.songs.chunk_samples
        return separate_sources(self.model, scene.mixture, self.params, size, samples, len(self.run.targets))

    def estimate_to_hear(self, recipe: Recipe, target: str) -> np.ndarray:
        """The estimate of a target that people are meant to hear, ``(channel, sample)``."""
        waves = {variant: found for variant, found, _ in self.estimates(recipe, self.scene(recipe))}
        return waves["median" if "median" in waves else "none"][[self.run.targets.index(target)]]

    def estimates(self, recipe: Recipe, scene: SourceScene) -> Iterator[tuple[Variant, np.ndarray, np.ndarray | None]]:
        """(variant, waves ``(target, sample)``, probabilities ``(target, frame)``), one variant at a time."""
        if self.system.oracle:
            yield "none", np.repeat(scene.mixture[None], len(self.run.targets), axis=0), None
            return
        estimate = self.separate(scene)
        for variant in self.system.variants():
            yield variant, estimate.waves(self._gates(recipe, variant, estimate)), estimate.probability

    def _gates(self, recipe: Recipe, variant: Variant, estimate: SourcesEstimate) -> np.ndarray | None:
        if variant == "none":
            return None
        labels = self._labels(recipe)
        probability = estimate.probability if estimate.probability is not None else [None] * len(labels)
        pairs = zip(probability, labels, strict=True)
        found = [gate_for(variant, one, label, self.params.separation) for one, label in pairs]
        return np.stack([gate for gate in found if gate is not None])

    def _labels(self, recipe: Recipe) -> np.ndarray:
        labels = self.songs.labels(recipe.name, self.system.sources)
        return labels[[self.system.sources.index(name) for name in self.run.targets]]

    def score(self, recipe: Recipe, scene: SourceScene, references: References) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(scores per variant and target, activity per target and frame) of one song."""
        rows, activity = [], pd.DataFrame()
        for variant, waves, probability in self.estimates(recipe, scene):
            found = self.values(scene, references, waves)
            for target, values in zip(self.run.targets, found, strict=True):
                silent = "" if np.isfinite(values).any() else self._silence(scene, target)
                rows.append((target, variant, *np.where(np.isfinite(values), values, np.nan), silent))
            if probability is not None and not len(activity):
                activity = self._activity(recipe, probability)
        table = pd.DataFrame(rows, columns=["target", "variant", *METRICS, "dropped"])
        scores = table.assign(ISR=np.nan, frame=np.int32(0), time=0.0, ill_posed=references.conditioning.ill_posed)
        return self._identified(recipe, scores), activity

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

    def _activity(self, recipe: Recipe, probability: np.ndarray) -> pd.DataFrame:
        hop = self.params.stft.hop / self.params.audio.sample_rate
        tables = []
        for target, values, label in zip(self.run.targets, probability, self._labels(recipe), strict=True):
            frames = np.arange(len(label), dtype=np.int32)
            table = pd.DataFrame({"frame": frames, "time": frames * hop, "probability": values, "label": label})
            tables.append(table.assign(target=target))
        return self._identified(recipe, pd.concat(tables, ignore_index=True))

    def _identified(self, recipe: Recipe, table: pd.DataFrame) -> pd.DataFrame:
        named = table.assign(run=self.run.id, corpus=self.run.corpus, system=self.run.system, song=recipe.name)
        named["seed"] = pd.array([self.run.seed] * len(named), dtype="Int64")
        first = ["run", "corpus", "target", "system", "seed"]
        return named[[*first, *(name for name in named.columns if name not in first)]]


@dataclass(frozen=True)
class FrameScorer(SourcesScorer):
    """The same systems scored as IASS is: targets against their accompaniment, in frames, in songs that hold them."""

    @property
    def data(self) -> list[str]:
        """The files of the corpus that scores depend on."""
        return [*super().data, *(f"mixtures/{target}.parquet" for target in self.run.targets)]

    @cached_property
    def holders(self) -> dict[str, set[str]]:
        """Target -> test songs that hold it."""
        folder = self.results / self.run.corpus / "mixtures"
        tables = {target: read_table(folder / f"{target}.parquet") for target in self.run.targets}
        return {target: set(table.loc[table["split"] == "test", "mixture"]) for target, table in tables.items()}

    def recipes(self) -> list[Recipe]:
        """Test songs that hold any of the targets."""
        every = set().union(*self.holders.values())
        return [recipe for recipe in super().recipes() if recipe.name in every]

    def references_of(self, scene: SourceScene, target: str) -> References:
        """A target and its accompaniment."""
        wave = scene.sources[self.system.sources.index(target)]
        return framed_references(self.params, wave[None], scene.mixture[None])

    def score(self, recipe: Recipe, scene: SourceScene, references: References) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(scores per variant, target and frame, activity per target and frame) of one song."""
        waves, activity = {}, pd.DataFrame()
        for variant, found, probability in self.estimates(recipe, scene):
            waves[variant] = found
            if probability is not None and not len(activity):
                activity = self._activity(recipe, probability)
        tables = []
        for number, target in enumerate(self.run.targets):
            if recipe.name in self.holders[target]:
                own: dict[str, np.ndarray] = {variant: found[[number]] for variant, found in waves.items()}
                pair = self.references_of(scene, target)
                tables.append(score_frames(pair, own, self.params.audio.sample_rate).assign(target=target))
        return self._identified(recipe, pd.concat(tables, ignore_index=True)), activity
