"""All parameters of one scale."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from reprosep.params.agreement import disagreement
from reprosep.params.data import Activity, Audio, Chunks, Clips, Corpus, Detection, Doctor, Mixing, Pitch, Spectra, Stft
from reprosep.params.networks import Models, Weighting
from reprosep.params.section import CorpusName, Section, Seed
from reprosep.params.work import (
    CalibrationChoices,
    Machine,
    Rendering,
    Report,
    Scoring,
    Separation,
    Statistics,
    Training,
)


class Params(Section):
    """All parameters of one scale.

    `every_corpus` are all corpora that the parameters describe, `corpora` those that the scale has.
    """

    scale: CorpusName
    seed: Seed
    seeds: Annotated[list[Seed], Field(min_length=1)]
    papers: Annotated[list[str], Field(min_length=1)]
    every_corpus: Annotated[dict[CorpusName, Corpus], Field(alias="corpora")]
    audio: Audio
    doctor: Doctor
    stft: Stft
    spectra: Spectra
    activity: Activity
    pitch: Pitch = Pitch()
    mixing: Mixing
    chunks: Chunks
    clips: Clips
    detection: Detection
    weighting: Weighting
    models: Models
    training: Training
    machine: Machine
    separation: Separation
    scoring: Scoring
    calibration: CalibrationChoices
    statistics: Statistics
    report: Report
    rendering: Rendering

    @model_validator(mode="after")
    def _agree(self) -> Params:
        """What single keys cannot tell: values that must fit each other."""
        problem = disagreement(self)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def results(self) -> Path:
        """``results/<scale>``, below the working directory."""
        return Path("results") / self.scale

    @cached_property
    def corpora(self) -> dict[CorpusName, Corpus]:
        """The corpora of this scale: all but those that are left out."""
        return {name: corpus for name, corpus in self.every_corpus.items() if corpus.left_out is None}

    @property
    def left_out(self) -> dict[CorpusName, str]:
        """Corpora that this scale has to do without -> why, and what would bring them."""
        return {name: corpus.left_out for name, corpus in self.every_corpus.items() if corpus.left_out is not None}

    def of_corpus(self, name: str) -> Params:
        """The parameters with which corpus `name` is computed: those of all corpora with its own settings."""
        settings = self.every_corpus[name].settings
        if not settings:
            return self
        if name not in self.computed:
            self.computed[name] = _with_settings(self, name, settings)
        return self.computed[name]

    @cached_property
    def computed(self) -> dict[str, Params]:
        """Those that were asked for before: validating them takes long, and values never change."""
        return {}


def _with_settings(params: Params, name: str, settings: dict[Any, dict[str, Any]]) -> Params:
    content = merge(dump(params), dict(settings))
    content["corpora"][name]["settings"] = {}
    return Params.model_validate(content)


def with_every_corpus(params: Params) -> Params:
    """The same with the corpora that are left out: to tell what that takes away. Nothing is computed with it."""
    return params.model_copy(update={"corpora": params.every_corpus})


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `change` replaced, mappings merged key by key."""
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def dump(params: Params) -> dict[str, Any]:
    """Parameters as plain values with the names of params.yaml."""
    return params.model_dump(mode="json", by_alias=True)
