"""A system of a paper: a network with its training settings, or an oracle; one class per kind of experiment.

``kind`` says which. ``scored`` says how its estimates are scored: ``frames`` (a target against its accompaniment, frame
by frame), ``whole`` (all sources of a setting over whole songs), ``tracks`` (a target in whole songs by one number),
``seconds`` (which instruments play in every second). What a kind does with its keys stands in its folder of
:mod:`reprosep.experiments`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from reprosep.papers.calibration import MaskChange, Oracle
from reprosep.params.section import Positive, Section

Variant = Literal["none", "raw", "median", "oracle", "wiener", "detector", "tuned", "soft", "hysteresis"]
Way = Literal["coherent", "incoherent"]  # of mixing clips
Weights = Literal["unit", "dwa", "ebw-p1", "ebw-instp1", "ebw-p2", "oh"]
VARIANTS: tuple[Variant, ...] = ("none", "raw", "median", "oracle")
BY_DETECTOR: Variant = "detector"
WIENER: Variant = "wiener"
GATES: tuple[Variant, ...] = ("tuned", "soft", "hysteresis")
ALL_VARIANTS = (*VARIANTS, *GATES, WIENER, BY_DETECTOR)
DETECTORS = ("fc", "cnn", "crnn")
ANY_LENGTH = ("cnn", "crnn")  # those that a maximum over time ends


class ClipSet(Section):
    """Clips of a corpus to train on: ``clips.small_hours`` or ``clips.large_hours`` of them."""

    corpus: str
    hours: Literal["small", "large"]
    mixing: Way = "coherent"


class GatedBy(Section):
    """The detector whose gate a system is scored with, too, wherever its paper is computed."""

    paper: str
    corpus: str
    system: str


class AnySystem(Section):
    """What all have. One that is `beside` another paper is computed only together with that paper."""

    label: str
    beside: str | None = None
    targets: list[str] = []

    @property
    def trained(self) -> bool:
        """Whether its runs are trained here."""
        return True

    @property
    def published_weights(self) -> str:
        """The set of published weights that stands in place of its trainings; '' for none."""
        return ""

    @property
    def networks_of(self) -> str:
        """The system whose trained networks it is scored with, where it has none of its own; '' for none."""
        return ""

    def trainings(self, name: str) -> str:
        """The system whose trainings scores depend on, of this one under that name; '' where nothing is trained."""
        return name if self.trained else self.networks_of

    @property
    def is_oracle(self) -> bool:
        """Whether it is no network, so that its scores depend on corpus and metric alone."""
        return False

    def variants(self) -> tuple[Variant, ...]:
        """Variants that this system can be scored in."""
        return VARIANTS if self.has_head else ("none",)

    @property
    def has_head(self) -> bool:
        """Whether it has an activity head, which gates need."""
        return False

    @property
    def has_pitch(self) -> bool:
        """Whether it has a pitch head."""
        return False

    @property
    def setting(self) -> list[str]:
        """The sources that a mixture is the sum of; none where a target stands against all else."""
        return []

    @property
    def gate(self) -> GatedBy | None:
        """The detector whose gate it is scored with, too."""
        return None

    @property
    def is_filtered(self) -> bool:
        """Whether it is scored behind a Wiener filter, too, wherever there is an estimate for every source."""
        return False

    @property
    def is_mask(self) -> bool:
        """Whether it is an ideal mask, and no network and no mixture."""
        return False

    def problem(self) -> str | None:
        """The first of its keys that does not fit the others, as a sentence; None when all do."""
        return None


class Network(AnySystem):
    """What networks have. `early_stopping`, where it is given, stands in place of ``training``'s."""

    model: str
    learning_rate_factor: Annotated[float, Field(gt=0, le=1000)] = 1.0
    early_stopping: Positive | None = None


class Separator(Network):
    """A network that may have an activity head, whose loss counts with that weight.

    `wiener` says that it is scored behind a Wiener filter of the estimates of all sources, too.
    """

    activity_weight: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    wiener: bool = False

    @property
    def has_head(self) -> bool:
        return self.activity_weight > 0 and self.model in ("iass", "u-net")

    @property
    def is_filtered(self) -> bool:
        return self.wiener


class TargetSystem(Separator):
    """A network that estimates one target against its accompaniment; `added` is a corpus whose stems are mixed in.

    `pitch_weight` is with what weight the loss of a pitch head counts, 0 where it has none. `amount` is the share of
    the training songs of a corpus that it is trained on, where it is not all of them; of its own corpus it can be none.

    `released` are published weights (``workflow/weights/``), which stand in place of a training: such a system is
    scored on published corpora alone, and only as the weights hear sound.
    """

    kind: Literal["target"]
    scored: Literal["frames"]
    model: Literal["iass", "open-unmix"]
    blocks: Annotated[int, Field(ge=1, le=6)] = 3
    channel_swap: bool = False
    pitch_weight: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    added: str | None = None
    amount: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    gated_by: GatedBy | None = None
    released: str | None = None

    @property
    def has_pitch(self) -> bool:
        return self.pitch_weight > 0

    @property
    def trained(self) -> bool:
        return self.released is None

    def amount_of(self, corpus: str) -> float:
        """The share of the training songs of a corpus, its own or the added one, that it is trained on."""
        return self.amount.get(corpus, 1.0)

    @property
    def published_weights(self) -> str:
        return self.released or ""

    @property
    def gate(self) -> GatedBy | None:
        return self.gated_by

    def problem(self) -> str | None:
        if self.gated_by and not self.has_head:
            return "gated_by: only iass with an activity head is scored with another network's gate; leave it out"
        if self.pitch_weight and (self.model != "iass" or self.added or self.released):
            other = "added" if self.added else "released" if self.released else f"model: {self.model}"
            return (
                f"pitch_weight: {self.pitch_weight:g} beside {other}; only iass has a pitch head, trained here on "
                "notes of its own corpus; leave one of the two out"
            )
        if self.released and (self.added or self.amount or self.gated_by):
            return (
                "released: weights as they were published, so nothing is added and no detector gates; leave these out"
            )
        if self.added and self.amount_of(self.added) == 0:
            return f"amount.{self.added}: 0 of what is added; leave `added` out, or give more than 0"
        if not self.added and 0 in self.amount.values():
            return "amount: 0, and no corpus is added, so there is nothing to train on; name one in `added`"
        return None


class JointSystem(Separator):
    """A network that estimates several targets at once, each against its accompaniment: those of `targets` that a
    corpus has."""

    kind: Literal["joint"]
    scored: Literal["frames"]
    model: Literal["iass"]
    blocks: Annotated[int, Field(ge=1, le=6)] = 3
    targets: Annotated[list[str], Field(min_length=2)]

    def problem(self) -> str | None:
        return "wiener: true, but a joint network is not scored behind a filter; leave it out" if self.wiener else None


class SourcesSystem(Separator):
    """A network that masks the sources of a setting: one of them, or where it is `joint` all at once."""

    kind: Literal["sources"]
    scored: Literal["whole", "frames"]
    model: Literal["u-net", "c-u-net"]
    sources: Annotated[list[str], Field(min_length=2)]
    joint: bool = False
    loss: Literal["indirect", "direct"] = "indirect"
    weights: Weights = "unit"
    silence_filter: bool = True

    @property
    def setting(self) -> list[str]:
        return self.sources

    def problem(self) -> str | None:
        if self.model == "c-u-net" and not self.joint:
            return "joint: false, but one conditioned network estimates all sources; set it to true"
        if self.wiener and not self.joint:
            return "wiener: true, but a network of this kind that is not joint estimates one source; leave it out"
        return None


class ClipsSystem(Network):
    """A network that masks one target and is trained on clips; `tested` are the corpora on which it is scored."""

    kind: Literal["clips"]
    scored: Literal["tracks"]
    model: Literal["blstm"]
    clips: Annotated[list[ClipSet], Field(min_length=1)]
    tested: list[str] = []


class DetectorSystem(Network):
    """A network that says which instruments play in a corpus, and separates nothing.

    `input_seconds` is how much it hears at once, in whole seconds; without it, ``detection.clip_seconds``.
    """

    kind: Literal["detector"]
    scored: Literal["seconds"]
    model: Literal["fc", "cnn", "crnn"]
    detects: str
    input_seconds: Annotated[int, Field(gt=1, le=600)] | None = None

    def problem(self) -> str | None:
        if self.input_seconds and self.model not in ANY_LENGTH:
            return (
                f"input_seconds: {self.input_seconds} for '{self.model}'; only {' and '.join(ANY_LENGTH)} take an "
                "input of any length, leave it out"
            )
        return None


class GatedSystem(AnySystem):
    """The trained networks of another system, `of`, whose activity heads gate them in other ways."""

    kind: Literal["gated"]
    scored: Literal["frames"]
    of: str

    @property
    def trained(self) -> bool:
        return False

    @property
    def networks_of(self) -> str:
        return self.of

    def variants(self) -> tuple[Variant, ...]:
        return GATES


class OracleSystem(AnySystem):
    """What needs no training: an ideal mask, or the unprocessed mixture; `sources` are those of a setting, if any."""

    kind: Literal["oracle"]
    scored: Literal["frames", "whole", "tracks"]
    oracle: Oracle
    mask: MaskChange = MaskChange()
    sources: list[str] = []

    @property
    def trained(self) -> bool:
        return False

    @property
    def is_oracle(self) -> bool:
        return True

    @property
    def setting(self) -> list[str]:
        return self.sources

    @property
    def is_mask(self) -> bool:
        return self.oracle != "input"

    def problem(self) -> str | None:
        if self.oracle == "tpsf" and self.scored != "tracks":
            return f"scored: {self.scored}, but tpsf is of tracks alone; set it to tracks"
        if (self.scored == "whole") != bool(self.sources):
            return f"sources: {self.sources}, scored: {self.scored}; an oracle that lists sources is scored whole"
        return self.mask.problem(self.oracle)


class PublishedSystem(AnySystem):
    """A method whose scores were published, by the name of its folder, with the targets that were handed in.

    `oracle` says whether it was told the sources, `supervised` whether it was trained, `added` whether on more than the
    corpus's own training songs.
    """

    kind: Literal["published"]
    scored: Literal["frames"]
    method: str
    targets: Annotated[list[str], Field(min_length=1)]
    oracle: bool = False
    supervised: bool = False
    added: bool = False

    @property
    def trained(self) -> bool:
        return False

    @property
    def is_mask(self) -> bool:
        return self.oracle


System = Annotated[
    TargetSystem
    | JointSystem
    | SourcesSystem
    | ClipsSystem
    | DetectorSystem
    | GatedSystem
    | OracleSystem
    | PublishedSystem,
    Field(discriminator="kind"),
]
_READER: TypeAdapter[System] = TypeAdapter(System)


def system_of_record(settings: dict[str, Any]) -> System:
    """The system that ``run.json`` of a training holds; one written before there were kinds says which it is.

    Raises
    ------
    pydantic.ValidationError
        When it is that of another version of the project.
    """
    return _READER.validate_python(settings if "kind" in settings else _with_kind(settings))


_OF_MODEL: dict[str, type[Network]] = {
    "iass": TargetSystem,
    "open-unmix": TargetSystem,
    "u-net": SourcesSystem,
    "c-u-net": SourcesSystem,
    "blstm": ClipsSystem,
    **dict.fromkeys(DETECTORS, DetectorSystem),
}


def _with_kind(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of the time when all kinds shared the keys of one class: those of its own kind."""
    kind = _OF_MODEL.get(settings.get("model", ""))
    if kind is None:
        return settings
    own = {key: value for key, value in settings.items() if key in kind.model_fields}
    name, scored = (kind.model_fields[key].annotation.__args__ for key in ("kind", "scored"))  # type: ignore[union-attr]
    return {**own, "kind": name[0], "scored": own["scored"] if own.get("scored") in scored else scored[0]}
