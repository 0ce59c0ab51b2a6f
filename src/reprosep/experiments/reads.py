"""What one step of a run reads, said once: files, parameters and code.

Snakemake's inputs and parameters, DVC's dependencies, the digest of a checkpoint and the stamp of an interrupted
scoring are all made from it (:class:`Reads`), so that they cannot disagree.

Conventions
-----------
Files are relative to ``results/<scale>``. Keys are dotted paths in params.yaml, in which ``<corpus>`` and ``<model>``
stand for those of the run until they are filled in. What a step is computed with but does not depend on (threads, GPUs,
frames held at once) is no key of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reprosep.base.code import code_digest, source_files
from reprosep.base.files import digest, sha256
from reprosep.base.project import read_yaml, repository
from reprosep.papers.system import AnySystem

CORPUS_TABLES = ("catalog.parquet", "audio/index.parquet", "activity/index.parquet")
_LETTERS = 32  # of the digest of a run
_LATER_OF_TRAINING = ("pitch_weight", "amount")  # keys of systems from before which there are digests
_LATER = ("released", *_LATER_OF_TRAINING)


@dataclass(frozen=True)
class Reads:
    """Of one step: files of the results, keys of the parameters, modules of its code, other files of the project.

    `resources` are files that were brought from elsewhere, relative to the working folder.
    """

    files: tuple[str, ...]
    keys: tuple[str, ...]
    modules: tuple[str, ...]
    project_files: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def settings(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Key -> value, from the parameters with which the run's corpus is computed, as plain values."""
        return {key: look_up(content, key) for key in self.keys}

    @property
    def code(self) -> str:
        """Digest of what the code does, and of what the project's files say."""
        return code_of(self.modules, self.project_files)

    def code_paths(self) -> list[str]:
        """The files of that code, and the others, in the project."""
        return [*source_files(*self.modules), *self.project_files]

    def digest(self, results: Path, content: Mapping[str, Any], system: Mapping[str, Any], code: str = "") -> str:
        """Of all that it reads below `results`; `code` stands for another code that gives the same."""
        files = {name: sha256(results / name) for name in self.files}
        files |= {name: sha256(name) for name in self.resources}
        return digest([files, self.settings(content), system, code or self.code], length=_LETTERS)


def filled(keys: Iterable[str], corpus: str, model: str) -> tuple[str, ...]:
    """Keys of a run."""
    return tuple(key.replace("<corpus>", corpus).replace("<model>", model) for key in keys)


def settings_of_system(system: AnySystem) -> dict[str, Any]:
    """What a run depends on of its system: all but what it is called; what came later only where a system has it."""
    content = system.model_dump(mode="json", exclude={"label"})
    return {key: value for key, value in content.items() if value or key not in _LATER}


def settings_of_training(system: AnySystem) -> dict[str, Any]:
    """What a training depends on of its system: not whether it is scored behind a filter as well."""
    content = system.model_dump(mode="json", exclude={"label", "wiener"})
    return {key: value for key, value in content.items() if value or key not in _LATER_OF_TRAINING}


def look_up(content: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key."""
    value: Any = content
    for name in key.split("."):
        value = value[name]
    return value


@cache
def code_of(modules: tuple[str, ...], project_files: tuple[str, ...] = ()) -> str:
    """Digest of what the code of modules does, and of other files of the project, by content."""
    root = repository()
    total = hashlib.sha256(code_digest(*modules).encode())
    for path in _files(root, project_files):
        total.update(path.relative_to(root).as_posix().encode() + _content(path))
    return total.hexdigest()[:16]


def _files(root: Path, names: Iterable[str]) -> list[Path]:
    paths = [path for name in names for path in ([root / name] if (root / name).is_file() else (root / name).iterdir())]
    return sorted(paths)


def _content(path: Path) -> bytes:
    """What a file says: of YAML its values, without comments."""
    return digest(read_yaml(path)).encode() if path.suffix == ".yaml" else path.read_bytes()
