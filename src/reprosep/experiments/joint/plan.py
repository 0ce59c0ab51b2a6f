"""Runs of networks that estimate several targets at once, and what they read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reprosep.experiments.kind import Kind, seconds_of, tables
from reprosep.experiments.target.plan import FRAMES, TargetKind
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import JointSystem
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd


class JointKind(Kind[JointSystem]):
    """A run is of all targets of its system that the corpus has; of one target alone there is none."""

    folder = "joint"
    groups = ("train-joint",)
    judged_by = "valid_mse"
    training_keys = TargetKind.training_keys

    def runs_of_cell(self, params: Params, corpus: str, target: str, name: str, system: JointSystem) -> Iterator[Run]:
        targets = self.targets(params, corpus, target, system)
        for seed in self.seeds(params):
            yield Run(corpus, f"{len(targets)}-targets", name, seed, tuple(targets))

    def has_target(self, params: Params, corpus: str, target: str, system: JointSystem) -> bool:
        targets = self.targets(params, corpus, target, system)
        return len(targets) > 1 and target in targets

    def targets(self, params: Params, corpus: str, target: str, system: JointSystem) -> list[str]:
        return [one for one in targets_of(params, corpus) if one in system.targets]

    def training_files(self, run: Run, system: JointSystem) -> list[str]:
        return [*tables(run.corpus), *(f"{run.corpus}/mixtures/{target}.parquet" for target in run.targets)]

    def scoring_files(self, params: Params, run: Run, system: JointSystem) -> list[str]:
        return self.training_files(run, system)

    def scoring_keys(self, params: Params, run: Run, system: JointSystem) -> tuple[str, ...]:
        gates = ("separation.threshold", "separation.median_frames") if system.has_head else ()
        return ("models.<model>", *FRAMES, "stft", *gates)

    def load(self, params: Params, run: Run, system: JointSystem, songs: pd.DataFrame) -> tuple[int, float]:
        holds = songs[[not {*run.targets}.isdisjoint(targets) for targets in songs["targets"]]]
        items = params.training.items_per_song * int((holds["split"] == "train").sum())
        return params.training.items_per_epoch or items, seconds_of(holds, "valid")

    def batch_values(self, params: Params, system: JointSystem, count: int) -> float:
        frames = params.training.chunk_seconds * params.audio.sample_rate / params.stft.hop
        return count * frames * params.stft.n_fft / 2 * (params.models.iass.width + len(system.targets))

    def epoch_items(self, params: Params, system: JointSystem, songs: int, seconds: float) -> float:
        return params.training.items_per_song * songs
