"""Imported weights: a sealed safetensors file per target, which tells its network and its origin by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from reprosep.base.errors import UserError
from reprosep.base.seal import BLANK, DamagedError, check, sealed_file
from reprosep.params.section import Section
from reprosep.weights.registry import Licence, Network, Weights

_KEY = "reprosep"  # of the metadata: one, since safetensors keeps no order of several


class Origin(Section):
    """Where the weights of a target are from: what is known of the set, and of the published file.

    `name` is the set's in the registry; `file`, `url` and `sha256` are the published file's, `verified` the checksum
    that it was held to.
    """

    name: str
    title: str
    source: str
    licence: Licence
    citation: str
    trained_on: str
    target: str
    file: str
    url: str
    sha256: str
    verified: str


@dataclass(frozen=True)
class Imported:
    """A file of imported weights with what it tells of itself."""

    path: Path
    network: Network
    origin: Origin

    def check(self) -> None:
        """See that the file is as it was written; :class:`UserError` when it is not."""
        try:
            check(self.path)
        except DamagedError as error:
            raise _damaged(self.path, "its content does not fit its checksum") from error

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by our names; :class:`UserError` when the file is damaged."""
        self.check()
        try:
            return dict(safetensors.torch.load_file(str(self.path)))
        except (OSError, SafetensorError) as error:
            raise _damaged(self.path, str(error).splitlines()[0]) from error


def origin_of(name: str, entry: Weights, target: str, sha256: str) -> Origin:
    """The origin of a target's file of the set `name`."""
    file = entry.files[target]
    return Origin(
        name=name,
        title=entry.title,
        source=entry.source,
        licence=entry.licence,
        citation=entry.citation,
        trained_on=entry.trained_on,
        target=target,
        file=file.name,
        url=file.urls[0],
        sha256=sha256,
        verified=file.checksum,
    )


def write_imported(path: Path, tensors: Mapping[str, Tensor], network: Network, origin: Origin) -> None:
    """Write the weights of a target; the same weights and origin give the same bytes."""
    content = {"checksum": BLANK, "network": network.model_dump(), "origin": origin.model_dump()}
    with sealed_file(path) as temporary:
        safetensors.torch.save_file(dict(tensors), str(temporary), metadata={_KEY: json.dumps(content)})


def read_imported(path: Path) -> Imported:
    """What a file of imported weights tells of itself; :class:`UserError` when it is none."""
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
        content: dict[str, Any] = json.loads(metadata[_KEY])
        return Imported(path, Network.model_validate(content["network"]), Origin.model_validate(content["origin"]))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; `reprosep get` brings weights") from error
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise _damaged(path, "it does not tell its network and its origin") from error


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path}: no weights that `reprosep get` wrote, or damaged ({reason}); delete it and get them again"
    )
