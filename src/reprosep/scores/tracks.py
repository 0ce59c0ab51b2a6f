"""Scores of a target in whole songs by SI-SDR, on one or several corpora, as the Slakh paper has them.

References
----------
Manilow et al., Slakh (WASPAA 2019), Section 3.1: SI-SDR between reference and estimate of each test track. Their code
subtracts means first.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np
import pandas as pd

from reprosep.metrics.bsseval import References
from reprosep.metrics.si_sdr import si_sdr
from reprosep.mixtures.mixing import Mixer, Recipe
from reprosep.scores.scorer import Heard, Scorer, SystemType
from reprosep.separation.oracle import Scene

_BETWEEN = "/"  # corpus and song in the name of a recipe


class TargetInTracks(Scorer[SystemType]):
    """The target of a run in the test songs that hold it, of every corpus on which its system is tested."""

    @property
    @abstractmethod
    def tested(self) -> list[str]:
        """The corpora on which the run is scored."""

    @cached_property
    def mixers(self) -> dict[str, Mixer]:
        """Corpus -> its mixer."""
        return {corpus: Mixer.of(self.params, corpus, self.results) for corpus in self.tested}

    @property
    def together(self) -> str:
        return self.run.target

    def recipes(self) -> list[Recipe]:
        """The test songs that hold the target, named ``<corpus>/<song>``."""
        return [recipe for corpus in self.mixers for recipe in self._corpus_recipes(corpus)]

    def _corpus_recipes(self, corpus: str) -> list[Recipe]:
        mixer = self.mixers[corpus]
        stems = mixer.stems[(mixer.stems["split"] == "test") & (mixer.stems["target"] == self.run.target)]
        recipes = (mixer.song_recipe(song, self.run.target) for song in dict.fromkeys(stems["song"]))
        return [Recipe(corpus + _BETWEEN + recipe.name, recipe.length, recipe.excerpts) for recipe in recipes]

    def scene(self, recipe: Recipe) -> Scene:
        """The target in its mixture, ``(1, sample)``."""
        return Scene(*self.mixers[_corpus(recipe)].render(recipe))

    def references(self, recipe: Recipe, scene: Scene) -> list[References]:
        """None: SI-SDR has nothing to prepare."""
        return []

    @abstractmethod
    def estimate(self, scene: Scene) -> np.ndarray:
        """The estimate in a song, ``(sample,)``."""

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        own = recipe if _BETWEEN in recipe.name else Recipe(self._named(recipe), recipe.length, recipe.excerpts)
        return Heard(self.estimate(self.scene(own))[None])

    def _named(self, recipe: Recipe) -> str:
        return self.run.corpus + _BETWEEN + recipe.name

    def value(self, scene: Scene, estimate: np.ndarray) -> float:
        """SI-SDR in dB; NaN where target or estimate is silent."""
        references = np.stack([scene.target[0], scene.mixture[0] - scene.target[0]])
        return float(si_sdr(references, estimate[None], sources=[0], zero_mean=True).SI_SDR[0])

    def score(self, recipe: Recipe, scene: Scene, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        value = self.value(scene, self.estimate(scene))
        silent = "" if np.isfinite(value) else "silent estimate" if scene.target.any() else "silent target"
        row = {"target": self.run.target, "variant": "none", "frame": np.int32(0), "time": 0.0}
        nothing = dict.fromkeys(("SDR", "ISR", "SIR", "SAR"), np.nan)
        content = {**row, **nothing, "SI-SDR": value, "dropped": silent, "ill_posed": False}
        return self.identified(recipe, pd.DataFrame([content])), pd.DataFrame()

    def identified(self, recipe: Recipe, table: pd.DataFrame) -> pd.DataFrame:
        """As any table of one song, under the corpus of that song."""
        return super().identified(recipe, table).assign(corpus=_corpus(recipe))

    def song_of(self, recipe: Recipe) -> str:
        return recipe.name.partition(_BETWEEN)[2]


def _corpus(recipe: Recipe) -> str:
    return recipe.name.partition(_BETWEEN)[0]
