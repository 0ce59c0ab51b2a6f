"""A system of a paper: a network with its training settings, or an oracle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reprosep.papers.calibration import MaskChange, Oracle
from reprosep.params.section import Positive, Section
from reprosep.params.work import MaskSettings, Scoring

Variant = Literal["none", "raw", "median", "oracle", "detector"]
Weights = Literal["unit", "dwa", "ebw-p1", "ebw-instp1", "ebw-p2", "oh"]
Detector = Literal["fc", "cnn", "crnn"]
VARIANTS: tuple[Variant, ...] = ("none", "raw", "median", "oracle")
BY_DETECTOR: Variant = "detector"
DETECTORS: tuple[Detector, ...] = ("fc", "cnn", "crnn")
ANY_LENGTH: tuple[Detector, ...] = ("cnn", "crnn")  # those that a maximum over time ends


class ClipSet(Section):
    """Clips of a corpus to train on: ``clips.small_hours`` or ``clips.large_hours`` of them."""

    corpus: str
    hours: Literal["small", "large"]
    mixing: Literal["coherent", "incoherent"] = "coherent"


class GatedBy(Section):
    """The detector whose gate a system is scored with, too, wherever its paper is computed."""

    paper: str
    corpus: str
    system: str


class System(Section):
    """A network as trained, or an oracle. `early_stopping`, where it is given, stands in place of ``training``'s.

    `input_seconds` is how much a detector hears at once, in whole seconds; without it, ``detection.clip_seconds``.
    """

    label: str
    model: Literal["iass", "open-unmix", "u-net", "c-u-net", "blstm", "fc", "cnn", "crnn"] | None = None
    oracle: Oracle | None = None
    mask: MaskChange = MaskChange()
    blocks: Annotated[int, Field(ge=1, le=6)] = 3
    activity_weight: Annotated[float, Field(ge=0)] = 0.0
    channel_swap: bool = False
    sources: list[str] = []
    joint: bool = False
    loss: Literal["indirect", "direct"] = "indirect"
    weights: Weights = "unit"
    silence_filter: bool = True
    learning_rate_factor: Annotated[float, Field(gt=0)] = 1.0
    early_stopping: Positive | None = None
    scored: Literal["whole", "frames", "tracks"] = "whole"
    clips: list[ClipSet] = []
    tested: list[str] = []
    added: str | None = None
    targets: list[str] = []
    beside: str | None = None
    detects: str | None = None
    input_seconds: Annotated[int, Field(gt=1)] | None = None
    gated_by: GatedBy | None = None

    @property
    def is_detector(self) -> bool:
        """Whether it says which instruments play."""
        return self.model in DETECTORS

    @property
    def is_in_frames(self) -> bool:
        """Whether its songs are scored frame by frame."""
        return self.scored == "frames" or (self.scored == "whole" and not self.sources and not self.is_detector)

    def variants(self) -> tuple[Variant, ...]:
        """Variants that this system can be scored in: gates need a trained activity head."""
        return VARIANTS if self.model in ("iass", "u-net") and self.activity_weight > 0 else ("none",)

    def problem(self) -> str | None:
        """The first of its keys that does not fit the others, as a sentence; None when all do."""
        together = ("u-net", "c-u-net")
        if self.model in together and len(self.sources) < 2:
            return f"sources: {self.sources}, but '{self.model}' separates two sources at least; list them"
        if self.joint and not self.sources:
            return "joint: true, but no sources are listed; list what is estimated together"
        if self.model == "c-u-net" and not self.joint:
            return "joint: false, but one conditioned network estimates all sources; set it to true"
        if (self.model == "blstm") != bool(self.clips):
            return f"clips: {len(self.clips)} sets for '{self.model}'; a blstm is trained on clips, others are not"
        if (self.clips or self.tested or self.oracle == "tpsf") and self.scored != "tracks":
            return f"scored: {self.scored}, but clips, tested and tpsf belong to systems that are scored as tracks"
        if self.added and self.model not in ("iass", "open-unmix"):
            return f"added: '{self.added}', but '{self.model}' does not mix its training items; leave it out"
        if self.is_detector != bool(self.detects):
            return f"detects: {self.detects} for '{self.model}'; a detector names its corpus there, others nothing"
        if self.input_seconds and self.model not in ANY_LENGTH:
            return (
                f"input_seconds: {self.input_seconds} for '{self.model}'; only {' and '.join(ANY_LENGTH)} take an "
                "input of any length, leave it out"
            )
        if self.gated_by and not (self.model == "iass" and self.activity_weight):
            return "gated_by: only iass with an activity head is scored with another network's gate; leave it out"
        if self.sources and self.model in ("iass", "open-unmix", "blstm"):
            return f"sources: '{self.model}' estimates a target against its accompaniment; leave them out"
        return None

    def mask_settings(self, scoring: Scoring) -> MaskSettings | None:
        """The mask of an oracle: ``scoring.<oracle>`` with the paper's changes; None for the unprocessed mixture."""
        assert self.oracle is not None
        return self.mask.applied(self.oracle, scoring)
