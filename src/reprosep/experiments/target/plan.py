"""Runs of networks that estimate one target, and what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprosep.experiments.gates import gating_run
from reprosep.experiments.kind import LOOP, Kind, seconds_of, tables
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import BY_DETECTOR, TargetSystem, Variant
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

FRAMES = ("scoring.window_seconds", "scoring.hop_seconds", "activity.threshold", "audio.sample_rate")
"""What scores in frames depend on: the frames, and the labels that tell what leaks into silence."""


class TargetKind(Kind[TargetSystem]):
    """A run is of one target; its training may mix in stems of another corpus."""

    folder = "target"
    groups = ("train", "train-joined")
    judged_by = "valid_mse"
    training_keys = (
        "models.<model>",
        "training.chunk_seconds",
        "training.items_per_song",
        "training.statistics_items",
        *LOOP,
        "corpora.<corpus>.mixing",
        "corpora.<corpus>.settings",
        "mixing.gain",
        "mixing.accompaniments",
        "mixing.rms",
        "activity.window",
        "activity.threshold",
        "stft",
        "audio.sample_rate",
    )

    def has_target(self, params: Params, corpus: str, target: str, system: TargetSystem) -> bool:
        added = not system.added or system.added in params.corpora
        return added and target in targets_of(params, corpus)

    def group(self, system: TargetSystem) -> str:
        return self.groups[1] if system.added else self.groups[0]

    def trained_on(self, run: Run, system: TargetSystem) -> list[str]:
        return [run.corpus, *([system.added] if system.added else [])]

    def variants(self, params: Params, run: Run, system: TargetSystem) -> tuple[Variant, ...]:
        own = system.variants()
        return (*own, BY_DETECTOR) if gating_run(params, run.corpus, system, run.seed) else own

    def training_files(self, run: Run, system: TargetSystem) -> list[str]:
        return [*tables(*self.trained_on(run, system)), mixtures(run)]

    def scoring_files(self, params: Params, run: Run, system: TargetSystem) -> list[str]:
        gate = gating_run(params, run.corpus, system, run.seed)
        return [*tables(run.corpus), mixtures(run), *([f"scores/{gate.id}.parquet"] if gate else [])]

    def scoring_keys(self, params: Params, run: Run, system: TargetSystem) -> tuple[str, ...]:
        gates = ("separation.threshold", "separation.median_frames") if system.has_head else ()
        detected = ("detection.instruments", "detection.clip_seconds", "detection.threshold")
        gated = detected if gating_run(params, run.corpus, system, run.seed) else ()
        return ("models.<model>", *FRAMES, "stft", *gates, *gated)

    def scoring_project_files(self, params: Params, run: Run, system: TargetSystem) -> tuple[str, ...]:
        gated = gating_run(params, run.corpus, system, run.seed)
        return ("workflow/detected-instruments.yaml", "workflow/instruments.yaml") if gated else ()

    def load(self, params: Params, run: Run, system: TargetSystem, songs: pd.DataFrame) -> tuple[int, float]:
        holds = songs[[run.target in targets for targets in songs["targets"]]]
        items = params.training.items_per_song * int((holds["split"] == "train").sum())
        return params.training.items_per_epoch or items, seconds_of(holds, "valid")

    def batch_values(self, params: Params, system: TargetSystem, count: int) -> float:
        frames = params.training.chunk_seconds * params.audio.sample_rate / params.stft.hop
        return count * frames * params.stft.n_fft / 2 * params.models.iass.width

    def epoch_items(self, params: Params, system: TargetSystem, songs: int, seconds: float) -> float:
        return params.training.items_per_song * songs


def mixtures(run: Run) -> str:
    """The validation and test mixtures of a run."""
    return f"{run.corpus}/mixtures/{run.target}.parquet"
