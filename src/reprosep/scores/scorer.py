"""What scores one song of a run, whatever the system and the metric."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
import pandas as pd
import torch
from torch import nn

from reprosep.metrics.bsseval import References
from reprosep.mixtures.mixing import Mixer, Recipe
from reprosep.papers.run import Run
from reprosep.papers.system import AnySystem
from reprosep.params.scale import Params
from reprosep.separation.device import estimating_device
from reprosep.training.checkpoint import load_best

SystemType = TypeVar("SystemType", bound=AnySystem)
_IDENTITY = ("run", "corpus", "target", "system", "seed", "variant", "song")


@dataclass(frozen=True)
class Heard:
    """An estimate that people are meant to hear: ``(channel, sample)``, gated where it can be.

    Activity probability and gate ``(frame,)`` are those behind it, None where the system has no activity head.
    """

    wave: np.ndarray
    probability: np.ndarray | None = None
    gate: np.ndarray | None = None


@dataclass(frozen=True)
class Scorer(ABC, Generic[SystemType]):
    """Everything that scores one song of a run; picklable, so that a process can have its own.

    `params` are those of the run's corpus, `stamp` the digest of all that its scores depend on.
    """

    params: Params
    run: Run
    system: SystemType
    results: Path
    stamp: str

    @property
    def folder(self) -> Path:
        """Of the run's corpus."""
        return self.results / self.run.corpus

    @cached_property
    def mixer(self) -> Mixer:
        """Of the run's corpus."""
        return Mixer.of(self.params, self.run.corpus, self.results)

    @cached_property
    def device(self) -> torch.device:
        """Where its networks estimate."""
        return estimating_device(self.params.separation.device, "separation.device")

    def with_best_weights(self, network: nn.Module) -> Any:
        """A network with the weights of the run, ready to estimate."""
        return load_best(self.results / "runs" / self.run.id, network).to(self.device)

    @property
    def channels(self) -> int:
        """Of the run's corpus."""
        return self.params.corpora[self.run.corpus].channels

    @property
    @abstractmethod
    def together(self) -> str:
        """What runs must have in common to be scored on the same references."""

    @property
    def passes(self) -> str:
        """What runs have in common whose forward passes over a song are needed by each other's scores."""
        return self.run.id

    def share(self, other: Self) -> None:
        """Use the forward passes of another scorer with the same :attr:`passes`, which does so in turn."""

    @abstractmethod
    def recipes(self) -> list[Recipe]:
        """The test mixtures of the run."""

    @abstractmethod
    def scene(self, recipe: Recipe) -> Any:
        """What a mixture is made of."""

    @abstractmethod
    def references(self, recipe: Recipe, scene: Any) -> list[References]:
        """What estimates are compared with, prepared once for all runs that are scored together."""

    @abstractmethod
    def score(self, recipe: Recipe, scene: Any, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(scores per variant, target and frame, activity per target and frame) of one song."""

    @abstractmethod
    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        """The estimate of a target that people are meant to hear, and its gate."""

    def song_of(self, recipe: Recipe) -> str:
        """The song of a recipe as scores have it."""
        return recipe.name

    def identified(self, recipe: Recipe, table: pd.DataFrame) -> pd.DataFrame:
        """A table of one song with the columns that say whose it is, those first."""
        named = table.assign(run=self.run.id, corpus=self.run.corpus, system=self.run.system, song=self.song_of(recipe))
        named["seed"] = pd.array([self.run.seed] * len(named), dtype="Int64")
        first = [name for name in _IDENTITY if name in named]
        return named[[*first, *(name for name in named if name not in first)]]

    def activity_of(self, target: str, probability: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
        """Probabilities and labels of a target, one row per frame."""
        frames = np.arange(len(labels), dtype=np.int32)
        times = frames * self.params.stft.hop / self.params.audio.sample_rate
        content = {"target": target, "frame": frames, "time": times, "probability": probability, "label": labels}
        return pd.DataFrame(content)
