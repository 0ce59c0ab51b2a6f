"""A whole stand-in corpus: songs rendered in parallel, each written whole, kept when its recipe has not changed.

Recipes and resumption: :mod:`reprosep.synthesis.made_songs`. A recipe is the digest of the parameters and of the
generator's version.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import digest, whole_file
from reprosep.base.listing import entries
from reprosep.base.locks import alone
from reprosep.base.progress import ProgressReport
from reprosep.base.workers import each
from reprosep.corpora.standin.layouts import FROM_MIDI, song_folder, song_id, splits, write_song
from reprosep.corpora.standin.render import require_synthesisers
from reprosep.corpora.standin.songs import plan_song
from reprosep.synthesis.dataset import VERSION as MAKER_VERSION
from reprosep.synthesis.made_songs import MadeSongs
from reprosep.synthesis.patches import default_table, load_table

_LOCK = ".render.lock"
_FOREIGN = (
    "this song was not made by the stand-in generator, and is left alone; "
    "choose an empty folder for the stand-in corpus or move this song away"
)
_LICENCE = (
    "These songs were composed and rendered by reprosep's stand-in generator. They are dedicated to the public domain "
    "under CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/) and may be used freely, for any purpose.\n"
)
GENERATOR_VERSION = 2  # raise it whenever the same parameters give other audio
_NOTES_VERSION = 1  # raise it whenever the same audio gets other notes beside it

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
    presence: dict[str, float] | None = None,
) -> dict[str, object]:
    """Render a corpus in the layout ``"musdb"``, ``"medleydb"``, ``"mixing-secrets"``, ``"slakh"`` or ``"flakh"``.

    Parameters
    ----------
    songs: number of songs per split: ``{"train": n, "test": m}`` for MUSDB, ``{"all": n}`` for MedleyDB and Mixing
        Secrets, ``{"train": n, "valid": m, "test": k}`` for Slakh and Flakh, which have the same songs.
    seconds: length of every song.
    workers: processes; each song is rendered by one, single-threaded.
    presence: share of the songs that hold a class, where it is not that of the real corpora.

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
    plans = {task: plan_song(layout, *task, seed=seed, seconds=seconds, presence=presence) for task in tasks}
    names = {song_id(layout, song, split, index) for (index, split), song in plans.items()}
    made = MadeSongs(root)
    made.refuse_foreign(_song_folders(layout, root), _FOREIGN)
    render = partial(_render_task, layout, root, seed=seed, seconds=seconds, sample_rate=sample_rate, presence=presence)
    done: list[RenderedSong] = []
    with alone(root / _LOCK, f"reprosep recordings works in {root}"):  # scales can share a root
        removed = made.remove_others(names)
        _write_licence(root)
        with ProgressReport(f"render {layout} songs", len(tasks)) as report:
            for song in each(render, tasks, workers):
                done.append(song)
                report.advance(note=song.name)
    return _summary(done, removed)


def render_song(
    layout: str,
    root: Path,
    index: int,
    split: str,
    *,
    seed: int,
    seconds: float,
    sample_rate: int,
    presence: dict[str, float] | None = None,
) -> RenderedSong:
    """Render song `index` of a split, unless it is there already with the same recipe."""
    began = time.process_time()
    song = plan_song(layout, index, split, seed=seed, seconds=seconds, presence=presence)
    name = song_id(layout, song, split, index)
    folder = song_folder(layout, root, split, name)
    recipe = _recipe(layout, index, split, seed, seconds, sample_rate, presence or {})
    made = MadeSongs(root)
    if made.is_whole(folder, name, recipe):
        return RenderedSong(name, len(song.parts), seconds, 0.0)
    made.remove(folder, name)
    with made.making(folder, name, recipe) as temporary:
        write_song(layout, temporary, name, song, sample_rate)
    return RenderedSong(name, len(song.parts), seconds, time.process_time() - began)


def _render_task(layout: str, root: Path, task: tuple[int, str], **settings: Any) -> RenderedSong:
    return render_song(layout, root, *task, **settings)


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


def _recipe(
    layout: str, index: int, split: str, seed: int, seconds: float, sample_rate: int, presence: dict[str, float]
) -> str:
    """The digest of everything that decides the bytes of a song."""
    content: list[object] = [GENERATOR_VERSION, layout, index, split, seed, float(seconds), sample_rate]
    content += [presence] if presence else []
    if layout not in FROM_MIDI:
        content += ["notes", _NOTES_VERSION]
    else:
        content += [MAKER_VERSION, load_table(default_table()).content() if layout == "slakh" else []]
    return digest(content)


def _song_folders(layout: str, root: Path) -> Iterator[Path]:
    """All song folders below the root, of whatever origin."""
    for split in splits(layout):
        parent = song_folder(layout, root, split, "x").parent
        if parent.is_dir():
            here = entries(parent)
            yield from sorted([*here.folders, *(path for path in here.files if path.suffix == ".mp4")])


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
