"""The registry: what is known of every published set of weights, as data in ``workflow/weights/``.

One file per set: where it is published, under which licence, with which checksums, what it was trained on, what its
authors report for it, and the network that it is of. How the names of its tensors map to ours is said once per layout,
in ``workflow/weights/layouts/``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from reprosep.base.checksums import PATTERN
from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.base.validation import explain
from reprosep.params.data import Stft
from reprosep.params.section import Positive, Section

FOLDER = Path("resources/weights")
SUFFIX = ".safetensors"  # of imported weights, <target> before it
LayoutName = Literal["open-unmix", "iass"]


class OpenUnmixSize(Section):
    """The network of :mod:`reprosep.models.open_unmix`."""

    model: Literal["open-unmix"]
    channels: Literal[1, 2]
    hidden: Positive
    layers: Positive


class IASSSize(Section):
    """The network of :mod:`reprosep.models.iass`."""

    model: Literal["iass"]
    channels: Literal[1, 2]
    blocks: Annotated[int, Field(ge=1, le=6)]
    width: Positive
    activity_head: bool


class Network(Section):
    """What a set of weights is for: the network, and the sound that it hears. `sample_rate` in Hz."""

    size: Annotated[OpenUnmixSize | IASSSize, Field(discriminator="model")]
    sample_rate: Annotated[int, Field(ge=1000, le=1_000_000)]
    stft: Stft


class Licence(Section):
    """The terms of a set of weights: `name` as the publisher has it, `commercial` None where none is given.

    `source` says where it is stated.
    """

    name: str
    commercial: bool | None
    source: str

    @property
    def terms(self) -> str:
        """In a few words."""
        if self.commercial is None:
            return f"{self.name}: all rights are the authors', ask them before you publish anything made with it"
        return self.name if self.commercial else f"{self.name}: for non-commercial use only"

    def told(self, title: str, citation: str) -> str:
        """What a user is told of weights, as one line."""
        return f"{title}: {self.terms} ({self.source}); please cite {citation}"


class Published(Section):
    """The file of one target."""

    name: str
    urls: Annotated[list[str], Field(min_length=1)]
    bytes: Annotated[int, Field(gt=0, le=10**12)] | None = None
    checksum: Annotated[str, Field(pattern=PATTERN)]


class Scores(Section):
    """What the authors report: target -> metric -> value, and how it was computed."""

    conditions: str
    source: str
    values: dict[str, dict[str, float]]


class Weights(Section):
    """One published set of weights: a file per target."""

    title: str
    page: str
    doi: str | None = None
    licence: Licence
    citation: str
    trained_on: str
    layout: LayoutName
    network: Network
    files: Annotated[dict[str, Published], Field(min_length=1)]
    scores: Scores | None = None
    notes: str = ""

    @property
    def source(self) -> str:
        """Where it is published."""
        return f"https://doi.org/{self.doi}" if self.doi else self.page

    @model_validator(mode="after")
    def _agree(self) -> Weights:
        if self.layout != self.network.size.model:
            raise ValueError(f"layout: '{self.layout}' for a network '{self.network.size.model}'; make them agree")
        return self


class Layout(Section):
    """How the tensors of a published file map to ours.

    Attributes
    ----------
    rename
        Their name, or the beginning of it up to a dot, -> ours.
    left_out
        Tensors that are no weights: transforms and settings that the authors keep in the file.
    """

    title: str
    rename: dict[str, str]
    left_out: list[str]

    def ours(self, name: str) -> str:
        """Our name of a tensor."""
        for theirs, mine in self.rename.items():
            if name == theirs or name.startswith(f"{theirs}."):
                return mine + name[len(theirs) :]
        return name


def known() -> list[str]:
    """Names of all sets of weights in the registry."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_weights_entry(name: str) -> Weights:
    """The entry of that name; :class:`UserError` when it is unknown or wrong."""
    if name not in known():
        raise UserError(f"unknown weights '{name}'{near_match(name, known())}; allowed: {', '.join(known())}")
    path = _folder() / f"{name}.yaml"
    return _entry(path, path.stat().st_mtime_ns)


@cache  # plans ask for every cell
def _entry(path: Path, _changed: int) -> Weights:
    try:
        return Weights.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path.name}: {explain(error, Weights, 'another file of workflow/weights/')}") from error


def load_layout(name: LayoutName) -> Layout:
    """The layout of that name; :class:`UserError` when it is wrong."""
    path = repository() / "workflow" / "weights" / "layouts" / f"{name}.yaml"
    try:
        return Layout.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path.name}: {explain(error, Layout, 'another file of that folder')}") from error


def _folder() -> Path:
    return repository() / "workflow" / "weights"
