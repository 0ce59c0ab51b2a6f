"""The keys of parameter files on which a stage depends, as dvc.yaml lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reprosep.base.project import repository
from reprosep.dag.dependencies import look_up
from reprosep.dag.versions.stage import Stage
from reprosep.params.files import own_keys, with_extended

_DEFAULT = "params.yaml"
_BETWEEN = ": "


class Key(NamedTuple):
    """A dotted key of a parameter file."""

    file: str
    key: str

    def __str__(self) -> str:
        return f"{self.file}{_BETWEEN}{self.key}"

    @staticmethod
    def of(text: str) -> Key:
        """A key as its text says it."""
        file, _, key = text.partition(_BETWEEN)
        return Key(file, key)


Files = Mapping[str, Mapping[str, Any]]
"""What parameter files say, by their names."""


def parameter_files(scale: str) -> Files:
    """params.yaml, and the files of the scale and of what it extends where these change something."""
    parts = with_extended(repository() / f"workflow/scales/{scale}.yaml")
    names = [_DEFAULT, *(f"workflow/scales/{part.name}" for part in parts)]
    contents = {name: own_keys(repository() / name) for name in names}
    return {name: content for name, content in contents.items() if set(content) - {"scale"}}


def keys_of(stage: Stage, files: Files) -> list[Key]:
    """The keys of a stage that parameter files have, and those of papers' files."""
    keys = [Key(file, key) for file, content in files.items() for key in stage.keys if _has(content, key)]
    parts = [(f"workflow/papers/{paper}.yaml", keys_of_paper) for paper, keys_of_paper in stage.paper.items()]
    return [*keys, *(Key(file, key) for file, listed in parts for key in listed)]


def first_key(file: str) -> str:
    """A key that a parameter file has."""
    return next(iter(own_keys(repository() / file)))


def listed(keys: Sequence[Key]) -> list[Any]:
    """Keys as DVC takes them: those of params.yaml by themselves, those of other files under the file's name."""
    others: dict[str, list[str]] = {}
    for file, key in keys:
        others.setdefault(file, []).append(key)
    return [*others.pop(_DEFAULT, []), *({file: of_file} for file, of_file in others.items())]


def field_of(file: str) -> str:
    """The name under which an item has keys of its own."""
    return "params" if file == _DEFAULT else f"params-{Path(file).stem}"


def _has(content: Mapping[str, Any], key: str) -> bool:
    try:
        look_up(content, key)
    except (KeyError, TypeError):
        return False
    return True
