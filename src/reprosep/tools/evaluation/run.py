"""Score folders of estimates, song by song, and write what was found.

Songs are independent: one process each when several jobs are given, one thread inside each. The scores of a finished
song are kept in ``.songs/`` under a name that holds all that they depend on, so that a second call scores only what is
new or changed.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from rich.table import Table
from threadpoolctl import threadpool_limits

from reprosep.audio.io import sound_info
from reprosep.audio.store import read_table, write_table
from reprosep.base.code import code_digest
from reprosep.base.errors import UserError, near_match
from reprosep.base.files import digest, fitting, slug, whole_file
from reprosep.base.listing import displayed
from reprosep.base.outputs import check_folder, refuse_inputs
from reprosep.base.progress import track
from reprosep.base.workers import each
from reprosep.results.intervals import Resampling
from reprosep.tools.evaluation.headers import check_song
from reprosep.tools.evaluation.layout import Song, find_songs, method_name
from reprosep.tools.evaluation.left_out import NOT_PUBLISHED, Omissions
from reprosep.tools.evaluation.museval_json import museval_json
from reprosep.tools.evaluation.published import beside, check_settings
from reprosep.tools.evaluation.results import Methods, write_csv, write_results
from reprosep.tools.evaluation.song import COLUMNS, Settings, score_song

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluated:
    """What is printed, and how many songs, targets and files were left out that somebody may miss."""

    tables: list[Table]
    missed: int


def evaluate(
    references: Path,
    estimates: list[Path],
    output: Path,
    settings: Settings,
    jobs: int,
    resampling: Resampling,
    ignore: Collection[str] = (),
    published: str | None = None,
) -> Evaluated:
    """Score every song and write ``scores.parquet``, ``scores.csv``, ``summary.csv`` and museval's JSON files.

    With several methods what :mod:`.results` says, too. What was left out is in ``left-out.csv`` and
    ``left-out-counts.csv``.

    Parameters
    ----------
    ignore: names of songs and targets, or patterns, whose estimates are left out.
    published: the registry's entry of published scores that these are to be compared with.

    Returns
    -------
    Evaluated
        For the terminal: the summary, and with several methods the one on common frames and the comparison.

    Raises
    ------
    UserError
        For folders or sound files that do not fit, before anything is computed where that can be seen in headers.
    """
    _check_settings(settings)
    omissions = Omissions()
    songs = find_songs(references, estimates, omissions, ignore)
    methods = [method_name(path) for path in estimates]
    _check_json(songs)
    if not songs:
        raise UserError(f"{references}: none of its songs has an estimate; name the songs' folders as here")
    _check_output(output, songs, [references, *estimates])
    others = _published(published, methods, songs, settings, omissions)
    omissions.tell()
    _check_headers(songs)
    _check_frames(songs, settings)
    parts = [(song, _part(output, song, settings)) for song in songs]
    todo = [(song, part) for song, part in parts if not _is_kept(part, song, settings)]
    if len(todo) < len(songs):
        log.info("%d of %d songs were scored before and are kept", len(songs) - len(todo), len(songs))
    scored = each(partial(_score_and_keep, settings=settings), todo, jobs, name=lambda task: task[0].name)
    for _ in track(scored, f"scores of {displayed(references.resolve().name)}", len(todo)):
        pass
    tables = [read_table(part) for _, part in parts]
    scores = pd.concat(tables, ignore_index=True)
    _write(output, scores, songs, settings)
    omissions.write(output / "left-out.csv")
    _tell_ill_posed(scores)
    named = Methods(methods)
    if others:
        scores, named = pd.concat([scores, others[0]], ignore_index=True), others[1]
    columns, without = COLUMNS[settings.metric], omissions.songs_without
    printable = write_results(output, scores, named, columns, resampling, without)
    return Evaluated(printable, len(omissions.missed))


def _published(
    name: str | None, methods: list[str], songs: list[Song], settings: Settings, omissions: Omissions
) -> tuple[pd.DataFrame, Methods] | None:
    """Published scores in these songs and the names of all methods, before anything is scored; None where not asked."""
    if name is None:
        return None
    check_settings(settings)
    scores, named, missing = beside(name, methods, [song.name for song in songs])
    for song in missing:
        omissions.add(NOT_PUBLISHED, song=song, method=name)
    if missing:
        log.warning("%d of %d songs are not among those of '%s', e.g. %s", len(missing), len(songs), name, missing[0])
    return scores, named


def _check_json(songs: list[Song]) -> None:
    """No song's file for museval is another's."""
    seen: dict[Path, str] = {}
    for song in songs:
        other = seen.setdefault(_below_test(song.name), song.name)
        if other != song.name:
            raise UserError(
                f"'{other}' and '{song.name}': museval's files of both songs would be {_below_test(song.name)}.json; "
                "rename one of them"
            )


def _check_settings(settings: Settings) -> None:
    if settings.metric not in COLUMNS:
        near = near_match(settings.metric, COLUMNS)
        raise UserError(f"--metric: unknown metric '{settings.metric}'{near}; allowed: {', '.join(COLUMNS)}")
    for name, seconds in (("--window", settings.window), ("--hop", settings.hop)):
        if not seconds > 0:
            raise UserError(
                f"{name}: {seconds} seconds, expected a number above 0, or inf for the whole song; 1.0 is usual"
            )


def _check_output(output: Path, songs: list[Song], roots: list[Path]) -> None:
    """Songs may be links to folders elsewhere, so each counts as read by itself."""
    sounds = [
        sound for song in songs for sounds in (song.references, *song.estimates.values()) for sound in sounds.values()
    ]
    inputs = [*roots, *{sound.path.parent for sound in sounds}]
    check_folder(output, inputs)
    folders = {output, *(output / method for song in songs for method in song.estimates)}
    refuse_inputs([folder / _below_test(song.name) for song in songs for folder in folders], inputs)


def _check_headers(songs: list[Song]) -> None:
    differences = [check_song(song) for song in songs]
    differing = [seconds for seconds in differences if seconds > 0]
    if differing:
        log.warning(
            "estimates of %d songs are longer or shorter than their references, by up to %.3g s; they are cut or "
            "padded with silence, as museval does",
            len(differing),
            max(differing),
        )


def _check_frames(songs: list[Song], settings: Settings) -> None:
    """Frames are at least a sample long, and those that are longer than songs are told."""
    if settings.metric not in ("v4", "usdr"):
        return
    shorter = []
    for song in songs:
        sound = next(iter(song.references.values()))
        info = sound_info(sound.path, sound.stream)
        for name, seconds in (("--window", settings.window), ("--hop", settings.hop)):
            if seconds * info.sample_rate < 1:
                raise UserError(
                    f"{name}: {seconds:g} seconds are shorter than one sample at {info.sample_rate} Hz, the sample "
                    f"rate of {song.name}; 1.0 is usual"
                )
        if info.samples < settings.window * info.sample_rate < math.inf:
            shorter.append(song.name)
    if shorter:
        log.warning(
            "--window: %g seconds are longer than %d of %d songs (%s), each of which is one frame, as museval does it",
            *(settings.window, len(shorter), len(songs), shorter[0]),
        )


def _tell_ill_posed(scores: pd.DataFrame) -> None:
    songs = scores.loc[scores["ill_posed"].astype(bool), "song"].unique()
    if len(songs):
        log.warning(
            "%s: the references leave whole bands to rounding errors, so that no implementation has right ISR, SIR and "
            "SAR of %s; SDR is right (column ill_posed)",
            ", ".join(songs[:5]) + (", …" if len(songs) > 5 else ""),
            "these songs" if len(songs) > 1 else "this song",
        )


def _part(output: Path, song: Song, settings: Settings) -> Path:
    """Where the scores of a song are kept: named by all that they depend on."""
    sounds = [*song.references.values()]
    sounds += [sound for estimates in song.estimates.values() for sound in estimates.values()]
    states = [(str(sound.path.resolve()), sound.stream, *_state(sound.path)) for sound in sounds]
    stamp = digest([states, list(song.estimates), vars(settings), code_digest("reprosep.tools.evaluation.song")])
    return output / ".songs" / f"{slug(song.name)}.{stamp}.parquet"


def _state(path: Path) -> tuple[int, int]:
    return path.stat().st_size, path.stat().st_mtime_ns


def _is_kept(part: Path, song: Song, settings: Settings) -> bool:
    """Whether the scores of a song are there, whole; what else is there in their place is taken away."""
    if not part.exists():
        return False
    try:
        table = read_table(part) if part.is_file() else pd.DataFrame()
    except UserError:
        table = pd.DataFrame()
    if {*COLUMNS[settings.metric], "method", "target", "dropped", "ill_posed"} <= {*table} and (
        set(table["song"]) == {song.name} and set(table["method"]) == set(song.estimates)
    ):
        return True
    log.warning("%s: is damaged, the song is scored anew", part)
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink()
    return False


def _score_and_keep(song_and_part: tuple[Song, Path], settings: Settings) -> None:
    song, part = song_and_part
    with threadpool_limits(1):  # one song per process, one thread each: threads inside only slow each other down
        write_table(part, score_song(song, settings))


def _write(output: Path, scores: pd.DataFrame, songs: list[Song], settings: Settings) -> None:
    write_table(output / "scores.parquet", scores)
    write_csv(output / "scores.csv", scores)
    if settings.metric != "v4":
        return
    several = scores["method"].nunique() > 1
    for song in songs:
        for method in song.estimates:
            rows = scores[(scores["song"] == song.name) & (scores["method"] == method)]
            folder = output / method if several else output
            with whole_file(folder / _below_test(song.name).with_name(fitting(song.title, ".json"))) as temporary:
                temporary.write_text(json.dumps(museval_json(rows), indent=2) + "\n", encoding="utf-8")


def _below_test(name: str) -> Path:
    """A song's path with ``test/`` in front unless it names a subset: museval looks for files below ``test/``."""
    path = Path(name)
    return path if path.parts[0] in ("train", "test") else "test" / path
