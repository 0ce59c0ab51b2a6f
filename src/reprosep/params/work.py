"""Sections of what is done with them: training, separation, scores, results, and rendered data sets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reprosep.params.container import image_reference
from reprosep.params.section import Fraction, Positive, Section, Share, Split

Processors = Annotated[int, Field(gt=0, le=1024)]
Image = Annotated[str, AfterValidator(image_reference)]


class Optimizer(Section):
    kind: Literal["adam", "sgd"]
    momentum: Fraction
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]


class Plateau(Section):
    factor: Share
    patience: Positive
    cooldown: Annotated[int, Field(ge=0, le=1_000_000)]
    threshold: Annotated[float, Field(ge=0, le=1)]
    of: Literal["valid", "train"]


class Training(Section):
    chunk_seconds: Annotated[float, Field(gt=0, le=60)]
    batch_size: Positive
    epochs: Positive
    items_per_epoch: Positive | None
    items_per_song: Positive
    optimizer: Optimizer
    schedule: Literal["one-cycle", "plateau"]
    plateau: Plateau
    early_stopping: Positive
    precision: Literal["auto", "float32", "bfloat16"]
    statistics_items: Positive
    compile: Literal["auto", "always", "never"]
    tf32: bool = False  # the defaults are for records of trainings from before these were there
    deterministic: bool = True
    graphs: Literal["auto", "always", "never"] = "never"
    graphs_batch: Positive = 8
    threads: Processors
    gpu: Annotated[int, Field(ge=0, le=1024)]


class Machine(Section):
    checkpoint_minutes: Annotated[float, Field(gt=0, le=10080)]
    trainings_per_gpu: Processors
    side_by_side: bool
    recordings: Literal["auto", "map", "memory", "device"]
    recordings_gigabytes: Annotated[float, Field(ge=0, le=1e6)]
    validation_gigabytes: Annotated[float, Field(ge=0, le=1e6)] = 4.0
    validation_songs: Annotated[int, Field(gt=0, le=1024)] = 4
    tensorboard: bool = False  # records of trainings from before it was there are read all the same
    container: Image = ""  # there is none in records of trainings from before this key


class WienerFilter(Section):
    """The Wiener filter of all sources of a mixture. The defaults, Open-Unmix's, are for records of trainings from
    before it was there, which are read all the same."""

    iterations: Annotated[int, Field(ge=0, le=1000)] = 1
    window_frames: Positive = 300
    softmask: bool = False
    residual: Literal["auto", "always", "never"] = "auto"


class ChosenGates(Section):
    """Gates that are chosen on validation songs: thresholds are multiples of ``1 / steps``. Runs written before there
    were any have the default."""

    steps: Annotated[int, Field(ge=2, le=100)] = 20


class Separation(Section):
    chunk_frames: Positive
    chunks_at_once: Positive
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"  # records of trainings from before it was there are read
    threshold: Share
    median_frames: Positive
    gates: ChosenGates = ChosenGates()
    wiener: WienerFilter = WienerFilter()


class IdealBinaryMask(Section):
    n_fft: Annotated[int, Field(ge=64, le=65536)]
    theta: Share
    power: Annotated[float, Field(gt=0, le=100)]


class IdealRatioMask(Section):
    n_fft: Annotated[int, Field(ge=64, le=65536)]
    power: Annotated[float, Field(gt=0, le=100)]


class WienerMask(Section):
    n_fft: Annotated[int, Field(ge=64, le=65536)]


MaskSettings = IdealBinaryMask | IdealRatioMask | WienerMask


class Scoring(Section):
    window_seconds: Annotated[float, Field(gt=0, le=600)]
    hop_seconds: Annotated[float, Field(gt=0, le=60)]
    ibm: IdealBinaryMask
    irm: IdealRatioMask
    wiener: WienerMask
    threads: Processors
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")]
    spot_checks: Annotated[int, Field(ge=0, le=1_000_000)]
    tolerance: Annotated[float, Field(gt=0, le=100)]


class CalibrationChoices(Section):
    accept: list[str]


class Statistics(Section):
    confidence: Share
    bootstrap: Annotated[int, Field(ge=100, le=10_000_000)]
    alpha: Share


class Report(Section):
    songs: Positive
    seconds: Annotated[float, Field(gt=0, le=600)]


class Rendering(Section):
    """How `reprosep render` makes a data set like Slakh from MIDI files."""

    rule: Literal["paper", "code"]
    fewest_notes: Positive
    longest_minutes: Annotated[float, Field(gt=0, le=120)]
    most_tracks: Annotated[int, Field(ge=1, le=128)]
    splits: Literal["leak-free", "paper", "same"]
    shares: dict[Split, Annotated[int, Field(ge=0, le=1_000_000)]]
    patches: str | None
    other_soundfonts: bool
    sample_rate: Annotated[int, Field(ge=8000, le=192000)]
    tail_seconds: Annotated[float, Field(ge=0, le=60)]
    bass_semitones: Annotated[int, Field(ge=-24, le=24)]
    low_drums: bool
    loudness: Annotated[float, Field(gt=-70, lt=0)]
    peak: Annotated[float, Field(gt=-60, lt=0)]
