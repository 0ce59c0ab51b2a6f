"""Sections of the data: corpora, sound, activity, mixtures, and what is cut of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from reprosep.params.section import CorpusName, Fraction, Positive, Section, Seed, Share, Split

Gain = Annotated[float, Field(gt=0, le=1000)]


class Standin(Section):
    """How a stand-in corpus is composed and rendered."""

    layout: Literal["musdb", "medleydb", "mixing-secrets", "slakh", "flakh"]
    seed: Seed
    songs: dict[Literal["train", "valid", "test", "all"], Positive]
    seconds: Annotated[float, Field(ge=4, le=600)]
    presence: dict[CorpusName, Share] = {}


class Corpus(Section):
    """One corpus: where it is, how it is laid out, how it is split and mixed.

    `left_out` says why a scale has to do without it, and what would bring it. `classes` names a table of further
    classes of instruments, `least_songs` how many songs of a part of the split have to hold each target.
    """

    of: CorpusName | None = None
    left_out: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    title: str
    kind: Literal["musdb", "medleydb", "slakh", "folder", "scores"]
    versions: list[str]
    roots: Annotated[list[str], Field(min_length=1)]
    standin: Standin | None
    channels: Annotated[int, Field(ge=1, le=2)]
    targets: Annotated[list[CorpusName], Field(min_length=1)]
    mixing: Literal["sources", "tracks"]
    valid_fraction: Fraction
    test_fraction: Fraction
    split: dict[Literal["train", "valid", "test", "ignore"], list[str]]
    split_file: str | None
    accept: list[str]
    files: dict[CorpusName, list[str]]
    labels: Literal["computed", "published"] = "computed"
    label_folders: list[str] = []
    notes: Literal["none", "beside", "published"] = "none"
    note_folders: list[str] = []
    classes: CorpusName | None = None
    least_songs: dict[Split, Positive] = {}
    settings: dict[Literal["audio", "stft", "activity", "mixing", "chunks", "training"], dict[str, Any]] = {}


class Audio(Section):
    sample_rate: Annotated[int, Field(ge=8000, le=192000)]
    clip_tolerance: Fraction
    silent_stems: Literal["refuse", "accept"]


class Doctor(Section):
    length_tolerance: Annotated[float, Field(ge=0, le=60)]
    exact_sum: Annotated[float, Field(ge=-300, lt=0)]
    encoded_sum: Annotated[float, Field(ge=-300, lt=0)]


class Stft(Section):
    n_fft: Annotated[int, Field(ge=64, le=65536)]
    hop: Annotated[int, Field(gt=0, le=65536)]
    bandwidth: Annotated[float, Field(gt=0, le=192000)]


class Spectra(Section):
    """Average spectra of mixtures, to compare corpora."""

    n_fft: Annotated[int, Field(ge=64, le=65536)]
    overlap: Annotated[float, Field(ge=0, le=0.95)]


class Activity(Section):
    window: Annotated[int, Field(gt=0, le=65538)]
    energy_floor: Annotated[float, Field(ge=0, le=1e6)]
    cutoff: Share
    slope: Annotated[float, Field(gt=0, le=1e6)]
    centre: Share
    threshold: Share


class Pitch(Section):
    """The pitches of a target's notes, and the part of a network that tells them; pitches are MIDI's note numbers.

    The defaults are for records of trainings from before it was there, which are read all the same.
    """

    lowest: Annotated[int, Field(ge=0, le=127)] = 28
    highest: Annotated[int, Field(ge=0, le=127)] = 96
    hidden: Positive = 64
    thresholds: Annotated[list[Share], Field(min_length=1)] = [0.5]
    unpitched: list[CorpusName] = ["drums"]

    @property
    def count(self) -> int:
        """How many pitches there are."""
        return self.highest - self.lowest + 1


class Mixing(Section):
    gain: Annotated[tuple[Gain, Gain], Field(strict=False)]
    accompaniments: Annotated[tuple[Positive, Positive], Field(strict=False)]
    rms: Annotated[float, Field(gt=0, lt=1)]
    min_active_seconds: Annotated[float, Field(ge=0, le=3600)]


class Chunks(Section):
    """Songs cut into chunks that do not overlap, for networks that estimate the sources of a song together."""

    silent_energy: Annotated[float, Field(ge=0, le=1e9)]
    silence_filter: bool
    validation: Literal["chunk", "song"]
    valid_share: Share


class Clips(Section):
    seconds: Annotated[float, Field(gt=0, le=600)]
    step_seconds: Annotated[float, Field(gt=0, le=600)]
    presence: Annotated[float, Field(ge=-300, le=0)]
    loudness: Annotated[float, Field(gt=-70, lt=0)]
    peak: Annotated[float, Field(gt=-60, le=0)]
    frames: Positive
    small_hours: Annotated[float, Field(gt=0, le=1e5)]
    large_hours: Annotated[float, Field(gt=0, le=1e5)]
    valid: Positive


class Detection(Section):
    """Which instruments play: what activity detectors are told and shown."""

    instruments: Annotated[list[str], Field(min_length=2)]
    clip_seconds: Annotated[float, Field(gt=0, le=60)]
    offsets: Literal["any", "seconds"]
    mels: Annotated[int, Field(gt=0, le=4096)]
    lowest: Annotated[float, Field(ge=0, le=96000)]
    highest: Annotated[float, Field(gt=0, le=96000)]
    threshold: Share
    valid_share: Share
    test_share: Share
