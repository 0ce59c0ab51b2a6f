"""Runs of networks that are trained on clips and scored on whole songs of several corpora, and what they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from reprosep.audio.frames import clip_count
from reprosep.experiments.clips.tested import scored_on
from reprosep.experiments.kind import LOOP, Kind, tables
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import AnySystem, ClipsSystem, Way
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

ClipSplit = Literal["train", "valid"]
_VALUES = 20  # per unit, layer and frame: gates and states of both directions


class ClipsKind(Kind[ClipsSystem]):
    """A run is of one target; the network is one, wherever it is scored."""

    folder = "clips"
    groups = ("train-clips",)
    training_keys = (
        "corpora.<corpus>.settings",
        "models.<model>",
        "clips",
        *LOOP,
        "stft.n_fft",
        "stft.hop",
        "audio.sample_rate",
    )

    def runs_of_cell(self, params: Params, corpus: str, target: str, name: str, system: ClipsSystem) -> Iterator[Run]:
        yield from super().runs_of_cell(params, system.clips[0].corpus, target, name, system)

    def has_target(self, params: Params, corpus: str, target: str, system: ClipsSystem) -> bool:
        return all(target in targets_of(params, one) for one in (corpus, *(chosen.corpus for chosen in system.clips)))

    def trained_on(self, run: Run, system: ClipsSystem) -> list[str]:
        return list(dict.fromkeys([run.corpus, *(chosen.corpus for chosen in system.clips)]))

    def scored_on(self, params: Params, run: Run, system: ClipsSystem) -> list[str]:
        return scored_on(params, run, system)

    def training_files(self, run: Run, system: ClipsSystem) -> list[str]:
        corpora = self.trained_on(run, system)
        return [*tables(*corpora), *(f"{corpus}/clips/{run.target}.parquet" for corpus in corpora)]

    def scoring_files(self, params: Params, run: Run, system: ClipsSystem) -> list[str]:
        return tables(*self.scored_on(params, run, system))

    def scoring_keys(self, params: Params, run: Run, system: ClipsSystem) -> tuple[str, ...]:
        return ("corpora.<corpus>.settings", "models.<model>", "stft.n_fft", "stft.hop", "audio.sample_rate")

    def load(self, params: Params, run: Run, system: ClipsSystem, songs: pd.DataFrame) -> tuple[int, float]:
        items = sum(clip_count(params, chosen.hours) for chosen in system.clips)
        return params.training.items_per_epoch or items, params.clips.valid * params.clips.seconds

    def batch_values(self, params: Params, system: ClipsSystem, count: int) -> float:
        return count * params.clips.frames * params.models.blstm.layers * params.models.blstm.hidden * _VALUES

    def epoch_items(self, params: Params, system: ClipsSystem, songs: int, seconds: float) -> float:
        return sum(clip_count(params, chosen.hours) for chosen in system.clips)


def clips_of_runs(
    params: Params, corpus: str, target: str, runs: Iterable[tuple[Run, AnySystem]]
) -> dict[tuple[ClipSplit, Way], int]:
    """How many clips of a target some trainings take of a corpus."""
    wanted: dict[tuple[ClipSplit, Way], int] = {}
    for run, system in runs:
        if not isinstance(system, ClipsSystem) or run.target != target:
            continue
        for chosen in system.clips:
            if chosen.corpus == corpus:
                key: tuple[ClipSplit, Way] = ("train", chosen.mixing)
                wanted[key] = max(wanted.get(key, 0), clip_count(params, chosen.hours))
        if run.corpus == corpus:
            wanted["valid", "coherent"] = params.clips.valid
    return wanted
