"""Damaged files of a scale: found before Snakemake plans, so that what made them runs again.

A file of our own carries its checksum (:mod:`reprosep.base.seal`); songs of a stand-in have theirs in the record beside
them. What was seen whole and has not changed since is only looked at, so that a plan costs no more than that.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.progress import track
from reprosep.base.seal import DamagedError, UnsealedError, check, check_bytes, forget, is_whole
from reprosep.dag.texts import SUFFIXES, Texts
from reprosep.dag.versions.records import persistence
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params
from reprosep.synthesis.made_songs import RECIPES, recorded

SEALED = (".npy", ".npz", ".parquet", ".safetensors", ".pt")
"""Suffixes of files that carry a checksum."""

_UNREADABLE = "0" * 64  # is the SHA-256 of nothing
_CHECKPOINT = "checkpoint"  # of a training under way, which looks at its own state


@dataclass(frozen=True)
class Checked:
    """A file, what sees that it is whole, what lets it be seen anew, and the output that stands for it in the plan."""

    path: Path
    check: Callable[[], None]
    forget: Callable[[], None]
    output: Path | None = None


def checked_files(params: Params, texts: Texts) -> list[Checked]:
    """All files of a scale that can be checked: what the line wrote, and the songs of stand-ins."""
    return [*_written(params.results, texts), *_recordings(params)]


def _written(results: Path, texts: Texts) -> Iterator[Checked]:
    by_suffix = dict.fromkeys(SEALED, check) | dict.fromkeys(SUFFIXES, texts.check)
    for path in sorted(results.rglob("*")):
        look = by_suffix.get(path.suffix)
        if look and not path.name.startswith(".") and path.is_file():
            yield Checked(path, partial(_dated, look, path), partial(forget, path))


def _dated(look: Callable[[Path], None], path: Path) -> None:
    """Look at a file of ours; one that is damaged gets a new date, since DVC looks again at nothing else."""
    try:
        look(path)
    except UserError:
        with contextlib.suppress(OSError):
            os.utime(path)
        raise


def _recordings(params: Params) -> Iterator[Checked]:
    """Of a stand-in: the step ``recordings`` makes a song anew whose files are not those in its record."""
    for name, corpus in params.corpora.items():
        root, output = Path(corpus.roots[0]), params.results / name / "recordings.json"
        if not corpus.standin or recordings_of(params, name) != name:
            continue
        if not output.exists():
            continue  # what is not used yet is seen when it is
        for path, wanted in _recorded(sorted((root / RECIPES).glob("*.json"))):
            yield Checked(path, partial(check_bytes, path, wanted), partial(forget, path, wanted), output)


def _recorded(recipes: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for recipe in recipes:
        content = recorded(recipe)
        if content is None:
            yield recipe, _UNREADABLE
            continue
        folder = recipe.parent.parent / content["folder"]
        yield from ((folder / name, str(value)) for name, value in content["files"].items())


def damaged_files(files: list[Checked], threads: int, title: str = "") -> list[tuple[Checked, UserError]]:
    """Those that are not as they were written, and the sentence about each; with a title their progress is shown."""
    found: list[tuple[Checked, UserError]] = []
    with ThreadPoolExecutor(threads) as pool:
        futures = {pool.submit(_problem, file): file for file in files}
        done = as_completed(futures)
        for future in track(done, title, len(files)) if title else done:
            if problem := future.result():
                found.append((futures[future], problem))
    return sorted(found, key=lambda pair: pair[0].path)


def _problem(file: Checked) -> UserError | None:
    try:
        file.check()
    except UserError as error:
        return error
    return None


def verify(params: Params, threads: int) -> tuple[int, list[str]]:
    """Hash every file of a scale, also those that were seen before; how many, and a sentence for each damaged one.

    The recordings of real corpora, which nothing here can make anew, are compared with the catalog.

    Raises
    ------
    UserError
        When there is nothing yet.
    """
    texts = Texts(persistence())
    files = [*checked_files(params, texts), *_catalogued(params)]
    if not files:
        raise UserError(f"{params.results}: nothing to verify; expected results, run `reprosep reproduce` first")
    for file in files:
        if file.path.exists():
            file.forget()
    damaged = damaged_files(files, threads, f"verifying {params.results}")
    texts.save()
    return len(files), [str(problem) for _, problem in damaged]


def _catalogued(params: Params) -> Iterator[Checked]:
    from reprosep.audio.store import read_table  # pandas takes half a second, and a plan has no need of it

    for name, corpus in params.corpora.items():
        path = params.results / name / "catalog.parquet"
        if corpus.standin or not is_whole(path):
            continue
        stems = read_table(path).drop_duplicates("path")
        for recording, wanted in zip(map(Path, stems["path"]), stems["sha256"], strict=True):
            yield Checked(recording, partial(check_bytes, recording, wanted), partial(forget, recording, wanted))


def mark_damaged(params: Params) -> list[str]:
    """Tell Snakemake of files that are damaged; returns a sentence for each, and one for all without a checksum.

    An output is made anew, and so is that which stands for a file beside it: the index of a store's arrays.
    """
    store, sentences, unsealed = persistence(), [], 0
    texts = Texts(store)
    waiting = [file for file in checked_files(params, texts) if _CHECKPOINT not in file.path.parts]
    for file, problem in damaged_files(waiting, os.cpu_count() or 1):
        for output in [file.output] if file.output else _outputs_beside(file.path, store):
            store._mark_incomplete(str(output), None)
        if isinstance(problem, UnsealedError):
            unsealed += 1
        else:
            sentences.append(problem.found if isinstance(problem, DamagedError) else str(problem))
    texts.save()
    return [*sentences, *([f"{params.results}: {unsealed} files carry no checksum"] if unsealed else [])]


def _outputs_beside(path: Path, store: Any) -> list[Path]:
    """The output that a file is, or those in the nearest folder above it that has any."""
    if store._read_record(str(path)) is not None:
        return [path]
    for folder in path.parents:
        outputs = [other for other in sorted(folder.glob("*")) if store._read_record(str(other)) is not None]
        if outputs:
            return outputs
    return []
