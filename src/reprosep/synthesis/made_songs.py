"""Songs that a program makes, one folder each: whole or absent, kept when their recipe has not changed.

Conventions
-----------
Beside the songs lies ``.recipes/<song>.json``: the digest of all that decides the song's bytes, and the SHA-256 of
every file. A song whose recipe matches is kept, so a killed run resumes; a song of another recipe is replaced or
removed. Folders without a recipe were not made here and are never touched.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_record, sha256, whole_folder, write_json

_PARTIAL = ".partial"  # songs being made
RECIPES = ".recipes"


@dataclass(frozen=True)
class MadeSongs:
    """The made songs below `root`."""

    root: Path

    def sidecar(self, name: str) -> Path:
        """The recipe of a song."""
        return self.root / RECIPES / f"{name}.json"

    def is_whole(self, folder: Path, name: str, recipe: str) -> bool:
        """Is the song there, with this recipe and these very bytes?"""
        content = recorded(self.sidecar(name))
        if content is None or not folder.is_dir():
            return False
        return content["recipe"] == recipe and all(
            (folder / path).is_file() and sha256(folder / path) == value for path, value in content["files"].items()
        )

    @contextlib.contextmanager
    def making(self, folder: Path, name: str, recipe: str) -> Iterator[Path]:
        """A temporary folder that becomes the song's when the block ends without an error."""
        staged = self.root / _PARTIAL / name
        with whole_folder(staged) as temporary:
            yield temporary
        files = {str(path.relative_to(staged)): sha256(path) for path in sorted(staged.rglob("*.*")) if path.is_file()}
        # Before the song appears in its place: a song without a recipe would be taken for somebody else's.
        content = {"recipe": recipe, "files": files, "folder": str(folder.relative_to(self.root))}
        write_json(self.sidecar(name), content)
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(folder)

    def refuse_foreign(self, folders: Iterable[Path], sentence: str) -> None:
        """Raise when one of the song folders has no recipe; the error is its path and `sentence`."""
        for path in folders:
            if not self.sidecar(path.name).is_file():
                raise UserError(f"{path}: {sentence}")

    def remove_others(self, wanted: set[str]) -> int:
        """Remove the songs made here earlier that are not `wanted` now; how many."""
        shutil.rmtree(self.root / _PARTIAL, ignore_errors=True)
        for left in (self.root / RECIPES).glob(".*"):  # by a kill, half written
            left.unlink(missing_ok=True)
        others = [path for path in (self.root / RECIPES).glob("*.json") if path.stem not in wanted]
        for sidecar in others:
            self.remove(self.root / read_record(sidecar, folder=str)["folder"], sidecar.stem)
        return len(others)

    def remove(self, folder: Path, name: str) -> None:
        """Remove a song and then its recipe, in this order: what is left of a killed removal still has its recipe."""
        sidecar = self.sidecar(name)
        if sidecar.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            sidecar.unlink()


def recorded(sidecar: Path) -> dict[str, Any] | None:
    """What is recorded of a song: `recipe`, `folder`, `files`; None where there is no record that can be read."""
    try:
        return read_record(sidecar, recipe=str, folder=str, files=dict)
    except UserError:
        return None
