"""Typed parameters: the only reader of params.yaml.

Every key is checked before anything runs; what is wrong is one sentence with the key's path, the value found, what is
allowed, and a near match when there is one.
"""

from __future__ import annotations

from reprosep.params.agreement import known_targets
from reprosep.params.data import (
    Activity,
    Audio,
    Chunks,
    Clips,
    Corpus,
    Detection,
    Doctor,
    Mixing,
    Spectra,
    Standin,
    Stft,
)
from reprosep.params.files import instrument_classes, read_yaml, repository
from reprosep.params.networks import (
    BlstmSize,
    CnnSize,
    CrnnSize,
    CUNetSize,
    FcSize,
    IassSize,
    Models,
    OpenUnmixSize,
    UNetSize,
    Weighting,
)
from reprosep.params.reading import load, parse, recordings_of
from reprosep.params.scale import Params, dump, merge
from reprosep.params.section import CorpusName, Fraction, Positive, Section, Share, Split
from reprosep.params.work import (
    CalibrationChoices,
    IdealBinaryMask,
    IdealRatioMask,
    Machine,
    MaskSettings,
    Optimizer,
    Plateau,
    Rendering,
    Report,
    Scoring,
    Separation,
    Statistics,
    Training,
    WienerMask,
)

__all__ = [
    "Activity",
    "Audio",
    "BlstmSize",
    "CUNetSize",
    "CalibrationChoices",
    "Chunks",
    "Clips",
    "CnnSize",
    "Corpus",
    "CorpusName",
    "CrnnSize",
    "Detection",
    "Doctor",
    "FcSize",
    "Fraction",
    "IassSize",
    "IdealBinaryMask",
    "IdealRatioMask",
    "Machine",
    "MaskSettings",
    "Mixing",
    "Models",
    "OpenUnmixSize",
    "Optimizer",
    "Params",
    "Plateau",
    "Positive",
    "Rendering",
    "Report",
    "Scoring",
    "Section",
    "Separation",
    "Share",
    "Spectra",
    "Split",
    "Standin",
    "Statistics",
    "Stft",
    "Training",
    "UNetSize",
    "Weighting",
    "WienerMask",
    "dump",
    "instrument_classes",
    "known_targets",
    "load",
    "merge",
    "parse",
    "read_yaml",
    "recordings_of",
    "repository",
]
