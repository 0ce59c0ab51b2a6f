"""A whole stand-in corpus: songs rendered in parallel, each written whole, kept when its recipe has not changed.

Conventions
-----------
Beside the songs lies ``.recipes/<song id>.json``: the digest of the parameters and of the generator's version, and the
SHA-256 of every file. A song whose recipe matches is kept, so a killed run resumes; a song of another recipe is
replaced or removed. Folders without a recipe were not made here and are never touched.
"""

from __future__ import annotations

import multiprocessing
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprosep.corpora.standin.layouts import song_folder, song_id, splits, write_song
from reprosep.corpora.standin.render import render_stems, require_synthesisers
from reprosep.corpora.standin.songs import plan_song
from reprosep.errors import UserError
from reprosep.files import digest, read_json, sha256, whole_file, whole_folder, write_json
from reprosep.locks import alone
from reprosep.progress import ProgressReport

_PARTIAL = ".partial"  # songs being rendered
_LOCK = ".render.lock"
_LICENCE = (
    "These songs were composed and rendered by reprosep's stand-in generator. They are dedicated to the public domain "
    "under CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/) and may be used freely, for any purpose.\n"
)
GENERATOR_VERSION = 1  # raise it whenever the same parameters give other audio

__all__ = ["GENERATOR_VERSION", "RenderedSong", "render_corpus", "render_song", "require_synthesisers"]


@dataclass(frozen=True)
class RenderedSong:
    """What came of one song; `core_seconds` is 0 for a song that was already there."""

    name: str
    stems: int
    seconds: float
    core_seconds: float


def render_corpus(
    layout: str,
    root: Path,
    *,
    seed: int,
    songs: dict[str, int],
    seconds: float,
    sample_rate: int = 44100,
    workers: int = 1,
) -> dict[str, object]:
    """Render a corpus in the layout ``"musdb"``, ``"medleydb"``, ``"mixing-secrets"`` or ``"slakh"``.

    Parameters
    ----------
    songs: number of songs per split: ``{"train": n, "test": m}`` for MUSDB, ``{"all": n}`` for MedleyDB and Mixing
        Secrets, ``{"train": n, "valid": m, "test": k}`` for Slakh.
    seconds: length of every song.
    workers: processes; each song is rendered by one, single-threaded.

    Returns
    -------
    Summary: `songs`, `rendered`, `kept`, `removed`, `mixture_seconds`, `stem_seconds` (of all songs), `core_seconds`
    and `stem_seconds_per_core_second` (of those rendered now).

    Raises
    ------
    UserError
        On an unknown layout or split, a missing synthesiser, or a root that holds songs made by somebody else.
    """
    root = Path(root)
    _check(layout, songs, seconds)
    require_synthesisers()
    tasks = [(index, split) for split, count in songs.items() for index in range(count)]
    plans = {task: plan_song(layout, *task, seed=seed, seconds=seconds) for task in tasks}
    names = {song_id(layout, song, split, index) for (index, split), song in plans.items()}
    _refuse_foreign(layout, root)
    keywords = {"seed": seed, "seconds": seconds, "sample_rate": sample_rate}
    done: list[RenderedSong] = []
    with alone(root / _LOCK, f"reprosep recordings works in {root}"):  # scales can share a root
        removed = _remove_others(root, names)
        _write_licence(root)
        with ProgressReport(f"render {layout} songs", len(tasks)) as report:
            for song in _each(layout, root, tasks, keywords, workers):
                done.append(song)
                report.advance(note=song.name)
    return _summary(done, removed)


def render_song(
    layout: str, root: Path, index: int, split: str, *, seed: int, seconds: float, sample_rate: int
) -> RenderedSong:
    """Render song `index` of a split, unless it is there already with the same recipe."""
    began = time.process_time()
    song = plan_song(layout, index, split, seed=seed, seconds=seconds)
    name = song_id(layout, song, split, index)
    folder = song_folder(layout, root, split, name)
    recipe = _recipe(layout, index, split, seed, seconds, sample_rate)
    if _is_whole(root, folder, name, recipe):
        return RenderedSong(name, len(song.parts), seconds, 0.0)
    _remove(root, folder, name)
    staged = root / _PARTIAL / name
    with whole_folder(staged) as temporary:
        write_song(layout, temporary, name, song, render_stems(song, sample_rate), sample_rate)
    files = {str(path.relative_to(staged)): sha256(path) for path in sorted(staged.rglob("*.*")) if path.is_file()}
    # Before the song appears in its place: a song without a recipe would be taken for somebody else's.
    write_json(_sidecar(root, name), {"recipe": recipe, "files": files, "folder": str(folder.relative_to(root))})
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(folder)
    return RenderedSong(name, len(song.parts), seconds, time.process_time() - began)


def _check(layout: str, songs: dict[str, int], seconds: float) -> None:
    """Refuse splits that the layout does not have, and lengths without music."""
    for split in songs:
        if split not in splits(layout):
            raise UserError(f"split '{split}': layout '{layout}' has {', '.join(splits(layout))}; use those")
    if seconds < 1:
        raise UserError(f"seconds: {seconds} is too short for a song; use 1 or more")


def _write_licence(root: Path) -> None:
    path = root / "LICENSE"
    if not path.exists():
        with whole_file(path) as temporary:
            temporary.write_text(_LICENCE, encoding="utf-8")


def _recipe(layout: str, index: int, split: str, seed: int, seconds: float, sample_rate: int) -> str:
    """The digest of everything that decides the bytes of a song."""
    content = [GENERATOR_VERSION, layout, index, split, seed, float(seconds), sample_rate]
    return digest(content)


def _sidecar(root: Path, name: str) -> Path:
    return root / ".recipes" / f"{name}.json"


def _is_whole(root: Path, folder: Path, name: str, recipe: str) -> bool:
    """Is the song there, with this recipe and these very bytes?"""
    sidecar = _sidecar(root, name)
    if not sidecar.is_file() or not folder.is_dir():
        return False
    content = read_json(sidecar)
    files: dict[str, str] = content["files"]
    return content["recipe"] == recipe and all(
        (folder / path).is_file() and sha256(folder / path) == value for path, value in files.items()
    )


def _song_folders(layout: str, root: Path) -> Iterator[Path]:
    """All song folders below the root, of whatever origin."""
    for split in splits(layout):
        parent = song_folder(layout, root, split, "x").parent
        if parent.is_dir():
            yield from (path for path in sorted(parent.iterdir()) if path.is_dir() or path.suffix == ".mp4")


def _refuse_foreign(layout: str, root: Path) -> None:
    """Raise when the root holds a song that has no recipe."""
    for path in _song_folders(layout, root):
        if not _sidecar(root, path.name).is_file():
            raise UserError(
                f"{path}: this song was not made by the stand-in generator, and is left alone; "
                "choose an empty folder for the stand-in corpus or move this song away"
            )


def _remove_others(root: Path, wanted: set[str]) -> int:
    """Remove the songs made here earlier that are not `wanted` now; how many."""
    shutil.rmtree(root / _PARTIAL, ignore_errors=True)
    others = [path for path in (root / ".recipes").glob("*.json") if path.stem not in wanted]
    for sidecar in others:
        _remove(root, root / read_json(sidecar)["folder"], sidecar.stem)
    return len(others)


def _remove(root: Path, folder: Path, name: str) -> None:
    """Remove a song and then its recipe, in this order: what is left of a killed removal still has its recipe."""
    sidecar = _sidecar(root, name)
    if sidecar.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        sidecar.unlink()


def _each(
    layout: str, root: Path, tasks: list[tuple[int, str]], keywords: dict[str, Any], workers: int
) -> Iterator[RenderedSong]:
    """Render every song, in this process or in several, as they finish."""
    if workers <= 1:
        for index, split in tasks:
            yield render_song(layout, root, index, split, **keywords)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(len(tasks), 1)), mp_context=context) as pool:
        futures = [pool.submit(render_song, layout, root, index, split, **keywords) for index, split in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _summary(done: list[RenderedSong], removed: int) -> dict[str, object]:
    rendered = [song for song in done if song.core_seconds > 0]
    core = sum(song.core_seconds for song in rendered)
    rendered_stem_seconds = sum(song.stems * song.seconds for song in rendered)
    return {
        "songs": len(done),
        "rendered": len(rendered),
        "kept": len(done) - len(rendered),
        "removed": removed,
        "mixture_seconds": sum(song.seconds for song in done),
        "stem_seconds": sum(song.stems * song.seconds for song in done),
        "core_seconds": round(core, 2),
        "stem_seconds_per_core_second": round(rendered_stem_seconds / core, 1) if core else 0.0,
    }
