"""Parameter files: the scales by name, and what a file that extends one changes altogether."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import project_file, read_yaml, repository
from reprosep.params.scale import merge

EXTENDS = "extends"
"""The key of a parameter file that names the scale whose changes come before its own."""


def scale_file(scale: str) -> Path:
    """The file of a scale; :class:`UserError` when there is none."""
    known = scales()
    if scale not in known:
        raise UserError(f"unknown scale '{scale}'{near_match(scale, known)}; allowed: {', '.join(known)}")
    return _folder() / f"{scale}.yaml"


def scales() -> list[str]:
    """The names of all scales."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def _folder() -> Path:
    return repository() / "workflow" / "scales"


def merged(files: Iterable[str | Path]) -> dict[str, Any]:
    """What parameter files say together, later ones changing earlier ones; one that extends a scale after that scale.

    A file that is not there is the project's of that name: ``params.yaml``, ``workflow/scales/paper.yaml``.

    Raises
    ------
    UserError
        When a file is not there or not to be read, or extends what is no scale, or itself.
    """
    content: dict[str, Any] = {}
    for file in files:
        for part in with_extended(file):
            content = merge(content, own_keys(part))
    return content


def own_keys(file: str | Path) -> dict[str, Any]:
    """The parameters that a file gives itself."""
    return {key: value for key, value in read_yaml(file).items() if key != EXTENDS}


def with_extended(file: str | Path) -> list[Path]:
    """A parameter file after the scales that it extends, the first of them first.

    Raises
    ------
    UserError
        When one of them is unknown, or extends what it is extended by.
    """
    chain = [project_file(file)]
    while (name := read_yaml(chain[0]).get(EXTENDS)) is not None:
        if name not in scales():
            near, allowed = near_match(str(name), scales()), ", ".join(scales())
            raise UserError(f"{chain[0]}: extends: unknown scale '{name}'{near}; allowed: {allowed}")
        other = scale_file(name)
        if other.resolve() in {path.resolve() for path in chain}:
            raise UserError(f"{chain[0]}: extends: '{name}' is itself made from this file; name another scale")
        chain.insert(0, other)
    return chain
