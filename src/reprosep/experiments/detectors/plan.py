"""Runs of detectors of instrument activity, and what they read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reprosep.experiments.kind import LOOP, Kind, tables
from reprosep.papers.run import INSTRUMENTS, Run
from reprosep.papers.system import DetectorSystem
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

SECONDS = "seconds"  # the folder of a corpus's seconds
SECOND_FILES = ("index.parquet", "labels.parquet")
_VALUES = 4  # per band, frame and channel of the first block: the blocks together


class DetectorKind(Kind[DetectorSystem]):
    """A run is of all instruments of the corpus that its system detects on."""

    folder = "detectors"
    groups = ("train-detector",)
    separates, tells_activity = False, True
    training_keys = (
        "corpora.<corpus>.settings",
        "models.<model>",
        "detection.instruments",
        "detection.clip_seconds",
        "detection.offsets",
        "detection.mels",
        *LOOP,
        "activity.threshold",
        "stft.hop",
        "audio.sample_rate",
    )

    def own_runs(self, params: Params, name: str, system: DetectorSystem) -> Iterator[Run]:
        if system.detects in params.corpora:
            yield from (Run(system.detects, INSTRUMENTS, name, seed) for seed in self.seeds(params))

    def targets(self, params: Params, corpus: str, target: str, system: DetectorSystem) -> list[str]:
        return params.detection.instruments

    def threshold(self, params: Params) -> float:
        return params.detection.threshold

    def training_files(self, run: Run, system: DetectorSystem) -> list[str]:
        return [*tables(run.corpus), *(f"{run.corpus}/{SECONDS}/{name}" for name in SECOND_FILES)]

    def scoring_files(self, params: Params, run: Run, system: DetectorSystem) -> list[str]:
        return self.training_files(run, system)

    def scoring_keys(self, params: Params, run: Run, system: DetectorSystem) -> tuple[str, ...]:
        shown = ("detection.instruments", "detection.clip_seconds", "detection.mels")
        return ("corpora.<corpus>.settings", "models.<model>", *shown, "stft.hop", "audio.sample_rate")

    def load(self, params: Params, run: Run, system: DetectorSystem, songs: pd.DataFrame) -> tuple[int, float]:
        """All seconds of the songs that are no test songs; which of them validate is drawn when they are there.

        Seconds with which a longer input would not fit into its song count as none.
        """
        length = params.detection.clip_seconds
        missing = (system.input_seconds or length) - length
        own = (songs[songs["split"] != "test"]["seconds"] - missing).clip(lower=0).sum()
        valid = params.detection.valid_share * own
        return params.training.items_per_epoch or int((own - valid) / length), float(valid)

    def batch_values(self, params: Params, system: DetectorSystem, count: int) -> float:
        seconds = system.input_seconds or params.detection.clip_seconds
        frames = seconds * params.audio.sample_rate / params.stft.hop
        return count * params.detection.mels * frames * params.models.crnn.widths[0] * _VALUES

    def epoch_items(self, params: Params, system: DetectorSystem, songs: int, seconds: float) -> float:
        return seconds / params.detection.clip_seconds
