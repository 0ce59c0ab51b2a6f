"""What each step depends on beside the files before it, as ``workflow/steps.yaml`` has it for Snakemake and for DVC.

A key is a dotted path in params.yaml with places for the job: ``corpora.<corpus>.channels``, ``models.<model>``, and
``corpora.*.title`` for that of every corpus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from reprosep.base.code import code_digest, source_files
from reprosep.base.errors import UserError
from reprosep.base.files import digest
from reprosep.base.project import read_yaml, repository
from reprosep.papers.system import System

_KINDS = ("params", "paper", "module", "files")


@lru_cache(maxsize=1)
def steps_table() -> dict[str, dict[str, list[str]]]:
    """Step -> what it depends on, by kind."""
    path = repository() / "workflow" / "steps.yaml"
    table = read_yaml(path)
    for step, parts in table.items():
        for kind in parts:
            if kind not in _KINDS:
                raise UserError(f"{path.name}: {step}.{kind}: unknown kind; allowed: {', '.join(_KINDS)}")
    return {step: {kind: _listed(parts.get(kind, [])) for kind in _KINDS} for step, parts in table.items()}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


_OF_DETECTORS = {"train": "train_detector", "score_plain": "score_detector", "score_gated": "score_detector"}
_OF_SOURCES = {"train": "train_sources", "score_plain": "score_sources", "score_gated": "score_sources"}
_OF_TRACKS = {"train": "train_clips", "score_plain": "score_tracks", "score_oracles": "score_track_oracles"}


def step_of(system: System, step: str) -> str:
    """The step's name in the table for a system: sources of a mixture and tracks have their own."""
    if system.is_detector:
        return _OF_DETECTORS[step]
    if system.scored == "tracks":
        return _OF_TRACKS.get(step, step)
    if not system.sources:
        return step
    own = _OF_SOURCES.get(step, step)
    return "score_source_frames" if (own, system.scored) == ("score_sources", "frames") else own


def parameter_keys(step: str, content: Mapping[str, Any], corpus: str = "", model: str = "") -> list[str]:
    """The dotted keys of params.yaml that a step depends on."""
    keys: list[str] = []
    for pattern in steps_table()[step]["params"]:
        corpora = list(content["corpora"]) if ".*." in pattern else [corpus]
        keys += [pattern.replace("*", name).replace("<corpus>", name).replace("<model>", model) for name in corpora]
    return keys


def settings_of(step: str, content: Mapping[str, Any], corpus: str = "", model: str = "") -> dict[str, Any]:
    """Key -> value of the parameters that a step depends on."""
    return {key: look_up(content, key) for key in parameter_keys(step, content, corpus, model)}


def written_keys(key: str, content: Mapping[str, Any], corpus: str) -> list[str]:
    """Where params.yaml or a scale says the value of a key for a corpus, as far as it is not the key itself.

    A corpus may have its own settings of a section, and may take what it does not say from another corpus.
    """
    source = content["corpora"].get(corpus, {})
    found = []
    head = f"corpora.{corpus}."
    if key.startswith(head) and source.get("of"):
        found.append(f"corpora.{source['of']}.{key.removeprefix(head)}")
    section = key.split(".")[0]
    if section in source.get("settings", {}):
        found.append(f"corpora.{corpus}.settings.{key}")
    return found


def look_up(content: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key."""
    value: Any = content
    for name in key.split("."):
        value = value[name]
    return value


def paper_keys(step: str, system: str = "") -> list[str]:
    """The dotted keys of a paper's file that a step depends on."""
    return [key.replace("<system>", system) for key in steps_table()[step]["paper"]]


def paper_of(step: str, paper: Mapping[str, Any]) -> dict[str, Any]:
    """Key -> value of the parts of a paper's file that a step depends on."""
    return {key: look_up(paper, key) for key in paper_keys(step)}


@cache
def code_of(step: str) -> str:
    """Digest of what the code of a step does, and of the other files that it reads, by content."""
    table, root = steps_table()[step], repository()
    total = hashlib.sha256(code_digest(*_modules(table)).encode())
    for path in _files(root, table["files"]):
        total.update(path.relative_to(root).as_posix().encode() + _content(path))
    return total.hexdigest()[:16]


def code_paths(step: str) -> list[str]:
    """The same as paths in the project."""
    table = steps_table()[step]
    return [*source_files(*_modules(table)), *table["files"]]


def _modules(table: Mapping[str, list[str]]) -> list[str]:
    return [f"reprosep.{name}" for name in table["module"]]


def _files(root: Path, names: list[str]) -> list[Path]:
    found = [path for name in names for path in ([root / name] if (root / name).is_file() else (root / name).iterdir())]
    return sorted(found)


def _content(path: Path) -> bytes:
    """What a file says: of YAML its values, without comments."""
    return digest(read_yaml(path)).encode() if path.suffix == ".yaml" else path.read_bytes()
