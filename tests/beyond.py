"""Parts of the paper of our own questions, each of which is large enough for a test, with the seeds of the scale."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from reprosep.base.project import repository
from reprosep.papers.content import Paper

PAPER = "beyond"
PITCH = ("pitch", "pitch-whole-songs", "pitch-told")
TARGETS = ("targets",)
_FOLDER = Path("workflow/papers")


def part(tables: tuple[str, ...]) -> Paper:
    """The paper with these tables alone, and the figures and questions that ask for no other systems."""
    return Paper.model_validate(_content(tables))


def put_part(folder: Path, tables: tuple[str, ...]) -> None:
    """Make the folder a project whose paper `beyond` is such a part."""
    project = repository()
    for path in (project / "workflow").iterdir():
        if path.name != _FOLDER.name:
            (folder / "workflow").mkdir(exist_ok=True)
            (folder / "workflow" / path.name).symlink_to(path)
    shutil.copytree(project / _FOLDER, folder / _FOLDER)
    (folder / _FOLDER / f"{PAPER}.yaml").write_text(yaml.safe_dump(_content(tables), sort_keys=False))


def _content(tables: tuple[str, ...]) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((repository() / _FOLDER / f"{PAPER}.yaml").read_text())
    content["tables"] = {name: table for name, table in content["tables"].items() if name in tables}
    named = {name for table in content["tables"].values() for name in _systems(table)}
    content["systems"] = {name: system for name, system in content["systems"].items() if name in named}
    content["questions"] = [one for one in content["questions"] if {*_systems(one)} <= named]
    content["listen"] = [name for name in content["listen"] if name in named]
    del content["seeds"]
    for one in content["questions"]:
        one.pop("seeds", None)
    if tables != TARGETS:
        content["figures"] = {}
    return content


def _systems(part: Any) -> list[str]:
    """What stands below the key `system`, at any depth."""
    if isinstance(part, dict):
        own = [part["system"]] if "system" in part else []
        return [*own, *(name for value in part.values() for name in _systems(value))]
    return [name for value in part for name in _systems(value)] if isinstance(part, list) else []
