"""Scores of one song by one metric, for all methods that estimate it.

Conventions
-----------
A table has one row per (method, target, frame): ``method``, ``song``, ``target``, ``frame``, ``time`` and ``duration``
in seconds, the metric's columns in dB, ``dropped`` (why the frame has no score, or ''), and ``ill_posed`` (whether the
references leave the filters of that song undetermined). Metrics of whole songs have one frame per song.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from reprosep.audio.io import is_seekable, read_sound
from reprosep.base.errors import UserError
from reprosep.metrics.bsseval import METRICS, References, Scores
from reprosep.metrics.bsseval_v3 import score_sources
from reprosep.metrics.frames import drop_reasons
from reprosep.metrics.si_sdr import si_sdr
from reprosep.metrics.signals import FileSignals, Mono
from reprosep.metrics.usdr import usdr
from reprosep.tools.evaluation.layout import Song, Sound
from reprosep.tools.evaluation.tasks import Task, tasks_of

COLUMNS = {
    "v4": METRICS,
    "v3": ("SDR", "SIR", "SAR"),
    "si-sdr": ("SI-SDR", "SI-SIR", "SI-SAR"),
    "usdr": ("uSDR", "cSDR"),
}
"""Scores of every metric."""


class Seekable:
    """Sounds as files that can be sought in to the sample: what cannot is decoded into a folder, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._decoded: dict[Sound, Path] = {}

    def open(self, sources: list[list[Sound]]) -> FileSignals:
        """Sounds, those of a source to be summed, as signals."""
        return FileSignals([[self._file(sound) for sound in sounds] for sounds in sources])

    def _file(self, sound: Sound) -> Path:
        if not sound.stream and is_seekable(sound.path):
            return sound.path
        if sound not in self._decoded:
            samples, rate = read_sound(sound.path, sound.stream)
            decoded = self._folder / f"{len(self._decoded)}.w64"
            try:
                soundfile.write(str(decoded), samples, rate, subtype="FLOAT")
            except soundfile.LibsndfileError as error:
                raise UserError(
                    f"{self._folder}: {sound} cannot be decoded to there ({error}); free some space, or name a folder "
                    "on another disk in TMPDIR"
                ) from error
            self._decoded[sound] = decoded
        return self._decoded[sound]


@dataclass(frozen=True)
class Settings:
    """What is computed: one of :data:`COLUMNS`, and the frames of ``v4`` and of cSDR in seconds."""

    metric: str = "v4"
    window: float = 1.0
    hop: float = 1.0


def score_song(song: Song, settings: Settings) -> pd.DataFrame:
    """Scores of every method's estimates of a song; methods that estimate the same targets share one pass."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for method, estimates in song.estimates.items():
        groups.setdefault(tuple(sorted(estimates)), []).append(method)
    with tempfile.TemporaryDirectory(prefix="reprosep-") as folder:
        seekable = Seekable(Path(folder))
        tables = [
            _score_task(song, task, methods, settings, seekable)
            for targets, methods in groups.items()
            for task in tasks_of(song.references, list(targets))
        ]
    return pd.concat(tables, ignore_index=True)


def _score_task(song: Song, task: Task, methods: list[str], settings: Settings, seekable: Seekable) -> pd.DataFrame:
    with contextlib.ExitStack() as stack:
        references = seekable.open(list(task.references.values()))
        estimates = {
            method: seekable.open([[song.estimates[method][target]] for target in task.estimated]) for method in methods
        }
        for signals in (references, *estimates.values()):
            stack.callback(signals.close)
        if settings.metric == "v4":
            tables = _frame_scores(task, references, estimates, settings)
        else:
            tables = (_song_scores(task, references, signals, settings) for signals in estimates.values())
        try:
            named = [table.assign(method=method) for method, table in zip(methods, tables, strict=True)]
        except ValueError as error:
            raise UserError(f"{song.name}: {error}; export the file again") from error
    table = pd.concat(named, ignore_index=True).assign(song=song.name)
    columns = ["method", "song", "target", "frame", "time", "duration", *COLUMNS[settings.metric]]
    return table.loc[table["target"].isin(task.kept), [*columns, "dropped", "ill_posed"]]


def _frame_scores(
    task: Task, references: FileSignals, estimates: dict[str, FileSignals], settings: Settings
) -> Iterator[pd.DataFrame]:
    window, hop = _in_samples(settings, references)
    equations = References(references, window, hop)
    seconds = references.samples / references.sample_rate
    sources = [list(task.references).index(target) for target in task.estimated]
    for scores in equations.score(*estimates.values(), sources=sources):
        ill_posed = equations.conditioning.ill_posed
        yield pd.concat(
            [
                _frames(task, scores, place, target, settings, ill_posed, seconds)
                for place, target in enumerate(task.estimated)
            ]
        )


def _frames(
    task: Task, scores: Scores, place: int, target: str, settings: Settings, ill_posed: bool, seconds: float
) -> pd.DataFrame:
    """Rows of one target, a frame each; the song lasts so many seconds."""
    values = {metric: getattr(scores, metric)[place] for metric in METRICS}
    table = pd.DataFrame({metric: np.where(np.isfinite(value), value, np.nan) for metric, value in values.items()})
    table["frame"] = np.arange(len(table), dtype=np.int32)
    sounding = {f"reference {name}": row for name, row in zip(task.references, scores.reference_sounds, strict=True)}
    sounding |= {f"estimate {name}": row for name, row in zip(task.estimated, scores.estimate_sounds, strict=True)}
    table["dropped"] = drop_reasons(sounding)
    return table.assign(
        target=target,
        time=table["frame"] * (0.0 if len(table) < 2 else settings.hop),
        duration=seconds if math.isinf(settings.window) else settings.window,
        ill_posed=ill_posed,
    )


def _song_scores(task: Task, references: FileSignals, estimates: FileSignals, settings: Settings) -> pd.DataFrame:
    """One row per estimated target."""
    values, ill_posed = _whole_song(task, references, estimates, settings)
    table = pd.DataFrame(dict(zip(COLUMNS[settings.metric], values, strict=True)))
    silent = table.isna().all(axis=1)
    return table.assign(
        target=task.estimated,
        frame=0,
        time=0.0,
        duration=references.samples / references.sample_rate,
        dropped=np.where(silent, "silent song", ""),
        ill_posed=ill_posed,
    )


def _whole_song(
    task: Task, references: FileSignals, estimates: FileSignals, settings: Settings
) -> tuple[list[np.ndarray], bool]:
    """Scores ``(metric, target)`` of a song, and whether its references leave filters undetermined."""
    sources = [list(task.references).index(target) for target in task.estimated]
    if settings.metric == "v3":
        equations = References(Mono(references))
        scores = score_sources(equations, Mono(estimates), sources=sources)
        return [scores.SDR, scores.SIR, scores.SAR], equations.conditioning.ill_posed
    if settings.metric == "si-sdr":
        ratios = si_sdr(references, estimates, sources)
        return [ratios.SI_SDR, ratios.SI_SIR, ratios.SI_SAR], False
    window, hop = _in_samples(settings, references)
    (frames,) = References(references, window, hop).score(estimates, sources=sources, metrics=("SDR",))
    medians = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in frames.SDR]
    return [usdr(references, estimates, sources), np.array(medians)], False


def _in_samples(settings: Settings, signals: FileSignals) -> tuple[float, float]:
    """Window and hop in samples, rounded down as museval does; infinity is the whole song."""
    lengths = [seconds * signals.sample_rate for seconds in (settings.window, settings.hop)]
    window, hop = (length if math.isinf(length) else int(length) for length in lengths)
    return window, hop
