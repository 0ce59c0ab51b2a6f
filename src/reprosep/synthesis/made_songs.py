"""Songs that a program makes, one folder each: whole or absent, kept when their recipe has not changed.

Conventions
-----------
Beside the songs lies ``.recipes/<song>.json``: the digest of all that decides the song's bytes, and the SHA-256 of
every file. A song whose recipe matches is kept, so a killed run resumes; a song of another recipe is replaced or
removed. Folders without a recipe were not made here and are never touched.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reprosep.base.errors import UserError
from reprosep.base.files import read_record, sha256, whole_folder, write_json

Task = TypeVar("Task")
Made = TypeVar("Made")

_PARTIAL = ".partial"  # songs being made
_RECIPES = ".recipes"


@dataclass(frozen=True)
class MadeSongs:
    """The made songs below `root`."""

    root: Path

    def sidecar(self, name: str) -> Path:
        """The recipe of a song."""
        return self.root / _RECIPES / f"{name}.json"

    def is_whole(self, folder: Path, name: str, recipe: str) -> bool:
        """Is the song there, with this recipe and these very bytes?"""
        sidecar = self.sidecar(name)
        if not sidecar.is_file() or not folder.is_dir():
            return False
        content = read_record(sidecar, recipe=str, files=dict)
        files: dict[str, str] = content["files"]
        return content["recipe"] == recipe and all(
            (folder / path).is_file() and sha256(folder / path) == value for path, value in files.items()
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
        for left in (self.root / _RECIPES).glob(".*"):  # by a kill, half written
            left.unlink(missing_ok=True)
        others = [path for path in (self.root / _RECIPES).glob("*.json") if path.stem not in wanted]
        for sidecar in others:
            self.remove(self.root / read_record(sidecar, folder=str)["folder"], sidecar.stem)
        return len(others)

    def remove(self, folder: Path, name: str) -> None:
        """Remove a song and then its recipe, in this order: what is left of a killed removal still has its recipe."""
        sidecar = self.sidecar(name)
        if sidecar.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            sidecar.unlink()


def each(make: Callable[[Task], Made], tasks: list[Task], workers: int) -> Iterator[Made]:
    """`make` of every task as they finish, in this process or in several.

    Raises
    ------
    UserError
        When the system ends one of the processes, which it does when memory runs out.
    """
    if workers <= 1:
        yield from map(make, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(len(tasks), 1)), mp_context=context) as pool:
        futures = [pool.submit(make, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise UserError(
                f"one of {workers} processes was ended from outside, as the system does when memory runs out; run the "
                "same command with fewer workers, finished songs are kept"
            ) from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
