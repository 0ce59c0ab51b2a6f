"""The registry: what is known of every published version of a corpus, as data in ``workflow/corpora/``.

One file per version: where it is published, under which licence, how access is granted, which archives with which sizes
and checksums, which songs it has. A new version is one more file (and a list of songs beside it, if it has one).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from reprosep.base.csv_text import csv_rows
from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.base.validation import explain
from reprosep.params.section import Section, Split

Checksum = Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]

RECORDS = Path("resources/.verified")  # one file per version that was brought into its folder: what the DAG waits for


class Archive(Section):
    """One published file. `strip` leading folders of its members are left out when it is unpacked."""

    name: str
    urls: Annotated[list[str], Field(min_length=1)]
    bytes: Annotated[int, Field(gt=0, le=10**15)] | None = None
    checksum: Checksum | None = None
    strip: Annotated[int, Field(ge=0, le=100)] = 0


class Defect(Section):
    """A recording that is known to be wrong, and where this is told. Without `stem`, the whole song is meant."""

    song: str
    stem: str | None = None
    defect: str
    excluded: bool


class Version(Section):
    """One published version of a corpus: of recordings, or where its kind is `scores` of methods scored on one.

    Published scores have a `file_list`: every file with its size and checksum; `oracles` are the methods among them
    that were told the sources, or nothing but the mixture.
    """

    title: str
    kind: Literal["musdb", "medleydb", "slakh", "scores"]
    access: Literal["open", "request", "manual"]
    page: str
    doi: str | None = None
    licence: str
    citation: str
    folder: str
    archives: list[Archive] = []
    instructions: str = ""
    song_list: str | None = None
    file_list: str | None = None
    oracles: list[str] = []
    songs: dict[Split, int] = {}
    suffix: Literal[".wav", ".flac", ".stem.mp4", ".json"]
    sample_rates: list[int] = []
    channels: list[int] = []
    mixture: Literal["exact", "encoded", "mastered", "none"]
    defects: list[Defect] = []
    defects_source: str = ""

    @model_validator(mode="after")
    def _agree(self) -> Version:
        """An open version needs archives to download, a gated one the words that say how to get it."""
        if self.access == "open" and not self.archives:
            raise ValueError("archives: none, but access 'open' needs at least one with its urls")
        if self.access != "open" and not self.instructions:
            raise ValueError(f"instructions: empty, but access '{self.access}' needs them")
        if self.kind == "scores" and not self.file_list:
            raise ValueError("file_list: missing, but published scores need one: path, bytes and sha256 of every file")
        if self.kind != "scores" and not (self.sample_rates and self.channels):
            raise ValueError("sample_rates, channels: empty, but recordings have some; list them")
        return self


def versions() -> list[str]:
    """Names of all versions in the registry."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_version(name: str) -> Version:
    """The entry of that name; :class:`UserError` when it is unknown or wrong."""
    known = versions()
    if name not in known:
        raise UserError(f"unknown corpus '{name}'{near_match(name, known)}; allowed: {', '.join(known)}")
    path = _folder() / f"{name}.yaml"
    try:
        return Version.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path.name}: {explain(error, Version, 'another file of workflow/corpora/')}") from error


@dataclass(frozen=True)
class ListedFile:
    """A published file: its path below the folder of all methods, size and SHA-256."""

    path: str
    bytes: int
    sha256: str


def file_list(name: str) -> dict[str, tuple[ListedFile, ...]]:
    """Method -> its files, by a `file_list` of the registry."""
    return _file_list(_folder() / name)


@cache
def _file_list(path: Path) -> dict[str, tuple[ListedFile, ...]]:
    files: dict[str, list[ListedFile]] = {}
    for row in csv_rows(path, ["path", "bytes", "sha256"], "restore this list of files"):
        method = row["path"].partition("/")[0]
        files.setdefault(method, []).append(ListedFile(row["path"], int(row["bytes"]), row["sha256"]))
    return {method: tuple(listed) for method, listed in files.items()}


def song_list(version: Version) -> dict[str, str]:
    """Song -> split ('' where the version has none) by the published list; empty when there is no list.

    Of published scores: their methods.
    """
    if version.file_list is not None:
        return dict.fromkeys(file_list(version.file_list), "")
    if version.song_list is None:
        return {}
    path = _folder() / version.song_list
    return {row["song"]: row.get("split", "") for row in csv_rows(path, ["song"], "restore this list of songs")}


def _folder() -> Path:
    return repository() / "workflow" / "corpora"
