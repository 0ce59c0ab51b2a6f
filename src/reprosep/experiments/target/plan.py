"""Runs of networks that estimate one target, and what they read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from reprosep.base.errors import UserError, near_match
from reprosep.experiments.filters import filtered_runs
from reprosep.experiments.gates import gating_run
from reprosep.experiments.kind import LOOP, Kind, seconds_of, tables
from reprosep.experiments.published_weights import check_size, hears, released_file
from reprosep.experiments.reads import Reads
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import BY_DETECTOR, WIENER, TargetSystem, Variant
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

FRAMES = ("scoring.window_seconds", "scoring.hop_seconds", "activity.threshold", "audio.sample_rate")
"""What scores in frames depend on: the frames, and the labels that tell what leaks into silence."""
_HEAD = ("pitch.lowest", "pitch.highest", "pitch.hidden")
"""What a pitch head is."""


class TargetKind(Kind[TargetSystem]):
    """A run is of one target; its training may mix in stems of another corpus, and leave some songs out.

    A Wiener filter takes the estimates of all targets: where a run is scored behind it, that reads the weights of the
    system's runs of the others, too, trained or published.
    """

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

    def runs_of_cell(self, params: Params, corpus: str, target: str, name: str, system: TargetSystem) -> Iterator[Run]:
        if system.released:
            yield Run(corpus, target, name, None)
            return
        yield from super().runs_of_cell(params, corpus, target, name, system)

    def has_target(self, params: Params, corpus: str, target: str, system: TargetSystem) -> bool:
        if system.released and not hears(params, corpus, target, system.released):
            return False
        added = not system.added or system.added in params.corpora
        return added and target in targets_of(params, corpus) and not self.why_not(params, corpus, target, system)

    def why_not(self, params: Params, corpus: str, target: str, system: TargetSystem) -> str:
        if system.has_pitch and target in params.pitch.unpitched:
            return f"{target} has no pitch"
        if system.has_pitch and params.every_corpus[corpus].notes == "none":
            return f"no notes of {corpus} are known"
        return ""

    def group(self, system: TargetSystem) -> str:
        return self.groups[1] if system.added else self.groups[0]

    def trained_on(self, run: Run, system: TargetSystem) -> list[str]:
        return [run.corpus, *([system.added] if system.added else [])]

    def variants(self, params: Params, run: Run, system: TargetSystem) -> tuple[Variant, ...]:
        filtered = (WIENER,) if filtered_runs(params, run, system) else ()
        gated = (BY_DETECTOR,) if gating_run(params, run.corpus, system, run.seed) else ()
        return (*system.variants(), *filtered, *gated)

    def estimating_runs(self, params: Params, run: Run, system: TargetSystem) -> list[Run]:
        if system.released:
            return []
        return filtered_runs(params, run, system) or super().estimating_runs(params, run, system)

    def check(self, params: Params, corpus: str, system: TargetSystem) -> None:
        if system.released:
            check_size(system)
        known = [name for name in (corpus, system.added) if name]
        for name in system.amount:
            if name not in known:
                raise UserError(
                    f"systems.*.amount: '{name}'{near_match(name, known)}, but its networks on '{corpus}' are trained "
                    f"on {' and '.join(known)}; give amounts of these"
                )

    def scoring_reads(self, params: Params, run: Run, system: TargetSystem) -> Reads:
        reads = super().scoring_reads(params, run, system)
        if not system.released:
            return reads
        heard = filtered_runs(params, run, system) or [run]
        return replace(reads, resources=tuple(released_file(one, system.released) for one in heard))

    def scores_part(self, system: TargetSystem) -> str:
        return "released_scores" if system.released else "scores"

    def training_files(self, run: Run, system: TargetSystem) -> list[str]:
        return [*tables(*self.trained_on(run, system)), mixtures(run), *notes(run, system)]

    def training_reads(self, run: Run, system: TargetSystem) -> Reads:
        reads = super().training_reads(run, system)
        return replace(reads, keys=(*reads.keys, *_HEAD)) if system.has_pitch else reads

    def scoring_files(self, params: Params, run: Run, system: TargetSystem) -> list[str]:
        gate = gating_run(params, run.corpus, system, run.seed)
        gates = [f"scores/{gate.id}.parquet"] if gate else []
        return [*tables(run.corpus), mixtures(run), *notes(run, system), *gates]

    def scoring_keys(self, params: Params, run: Run, system: TargetSystem) -> tuple[str, ...]:
        gates = ("separation.threshold", "separation.median_frames") if system.has_head else ()
        detected = ("detection.instruments", "detection.clip_seconds", "detection.threshold")
        gated = detected if gating_run(params, run.corpus, system, run.seed) else ()
        filtered = ("separation.wiener", "corpora.<corpus>.targets") if filtered_runs(params, run, system) else ()
        pitches = (*_HEAD, "pitch.thresholds") if system.has_pitch else ()
        return ("models.<model>", *FRAMES, "stft", *gates, *gated, *filtered, *pitches)

    def scoring_project_files(self, params: Params, run: Run, system: TargetSystem) -> tuple[str, ...]:
        gated = gating_run(params, run.corpus, system, run.seed)
        return ("workflow/detected-instruments.yaml", "workflow/instruments.yaml") if gated else ()

    def load(self, params: Params, run: Run, system: TargetSystem, songs: pd.DataFrame) -> tuple[int, float]:
        holds = songs[[run.target in targets for targets in songs["targets"]]]
        trained = ceil(system.amount_of(run.corpus) * int((holds["split"] == "train").sum()))
        items = params.training.items_per_song * trained
        return params.training.items_per_epoch or items, seconds_of(holds, "valid")

    def batch_values(self, params: Params, system: TargetSystem, count: int) -> float:
        frames = params.training.chunk_seconds * params.audio.sample_rate / params.stft.hop
        return count * frames * params.stft.n_fft / 2 * params.models.iass.width

    def epoch_items(self, params: Params, system: TargetSystem, songs: int, seconds: float) -> float:
        return params.training.items_per_song * songs


def notes(run: Run, system: TargetSystem) -> list[str]:
    """The notes of a run's corpus, where its network tells pitches."""
    return [f"{run.corpus}/notes/{name}.parquet" for name in ("index", "notes")] if system.has_pitch else []


def mixtures(run: Run) -> str:
    """The validation and test mixtures of a run."""
    return f"{run.corpus}/mixtures/{run.target}.parquet"
