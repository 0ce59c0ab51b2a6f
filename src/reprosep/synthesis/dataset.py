"""A whole data set from a folder of MIDI files: selection, songs rendered in parallel, tables of what was left out.

Conventions
-----------
In the folder of the data set lie the songs in Slakh2100's layout; ``selection.csv``, what became of every MIDI file;
``skipped.csv``, songs and stems that could not be rendered; ``rendering.yaml``, the parameters. Songs are whole or
absent and are kept when nothing that decides their bytes has changed (:mod:`.made_songs`): a killed run resumes. What
was skipped lies in ``.outcomes/`` meanwhile.
"""

from __future__ import annotations

import csv
import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
import yaml

from reprosep.base.errors import UserError
from reprosep.base.files import digest, read_record, whole_file, write_json
from reprosep.base.listing import folders_in, left_out_below, tell
from reprosep.base.locks import alone
from reprosep.base.progress import ProgressReport
from reprosep.base.workers import each
from reprosep.params.work import Rendering
from reprosep.synthesis.fluidsynth import require_fluidsynth
from reprosep.synthesis.made_songs import MadeSongs
from reprosep.synthesis.midi import read_midi
from reprosep.synthesis.patches import PatchTable, default_table, load_table
from reprosep.synthesis.selection import ACCEPTED, Facts, Limits, Row, examine, midi_files, select, songs_of
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.song import Skipped, make_song
from reprosep.synthesis.splits import FOLDERS, Place, places

VERSION = 2  # raise it whenever the same parameters give other songs
_LOCK = ".render.lock"
_OUTCOMES = ".outcomes"
_SELECTION = ".selection.json"
_EXAMINED_AT_ONCE = 128  # files per process
_FOREIGN = (
    "this song was not made by `reprosep render`, and is left alone; "
    "choose an empty folder for the data set or move this song away"
)


@dataclass(frozen=True)
class Request:
    """What is asked for: so many songs of the files in `midi`, written to `output`."""

    midi: Path
    output: Path
    songs: int
    seed: int
    rendering: Rendering
    flakh: bool = False
    workers: int = 1

    @property
    def limits(self) -> Limits:
        """What files must be like."""
        given = self.rendering
        return Limits(given.rule, given.fewest_notes, given.longest_minutes, given.most_tracks)

    @property
    def keeps_songs(self) -> bool:
        """Whether the songs are those of another data set."""
        return self.rendering.splits == "same"

    @property
    def settings(self) -> SongSettings:
        """How songs are rendered."""
        given = self.rendering
        return SongSettings(
            sample_rate=given.sample_rate,
            tail_seconds=given.tail_seconds,
            bass_semitones=given.bass_semitones,
            low_drums=given.low_drums,
            loudness=given.loudness,
            peak=given.peak,
            flakh=self.flakh,
        )

    def table(self) -> PatchTable:
        """The patches."""
        path = Path(self.rendering.patches) if self.rendering.patches else default_table()
        return load_table(path, self.rendering.other_soundfonts)


@dataclass(frozen=True)
class _Task:
    file: str
    place: Place


@dataclass(frozen=True)
class Outcome:
    """What came of one song; `core_seconds` is 0 when it was there already. `skipped` is empty when it was made."""

    place: Place
    file: str
    skipped: str
    stems: int
    seconds: float
    silent: tuple[tuple[str, str], ...]  # stems and reasons
    core_seconds: float = 0.0


@dataclass(frozen=True)
class Summary:
    """What came of a data set."""

    output: Path
    outcomes: tuple[Outcome, ...]
    files: Counter[str]  # by state

    @property
    def left_out(self) -> int:
        """Songs and stems of songs that could not be rendered."""
        return sum(bool(one.skipped) or len(one.silent) for one in self.outcomes)

    def __str__(self) -> str:
        made = [one for one in self.outcomes if not one.skipped]
        new = [one for one in made if one.core_seconds > 0]
        core = sum(one.core_seconds for one in new)
        splits = Counter(one.place.folder for one in made)
        lines = [
            f"{self.output}: {len(made)} songs ({', '.join(f'{splits[name]} {name}' for name in FOLDERS.values())}), "
            f"{sum(one.stems for one in made)} stems, {sum(one.seconds for one in made) / 3600:.2f} hours of mixtures",
            f"files: {', '.join(f'{count} {state}' for state, count in sorted(self.files.items()))}; see selection.csv",
            f"left out in rendering: {len(self.outcomes) - len(made)} songs, "
            f"{sum(len(one.silent) for one in made)} stems; see skipped.csv",
        ]
        if core:
            speed = sum(one.stems * one.seconds for one in new) / core
            lines.append(f"{len(new)} songs rendered now, {speed:.1f} stem-seconds per core-second")
        return "\n".join(lines)


def make_dataset(request: Request) -> Summary:
    """Select, render and write all songs.

    Raises
    ------
    UserError
        Before anything is computed: on a missing FluidSynth, soundfont, preset or plugin, a folder without MIDI files,
        and songs of somebody else in the output folder. Also when no file can be a song, and when none can be rendered.
    """
    require_fluidsynth()
    request.table().check()
    if not request.keeps_songs:
        midi_files(request.midi)
        tell(left_out_below(request.midi))
    root = request.output
    made = MadeSongs(root)
    made.refuse_foreign(_song_folders(root), _FOREIGN)
    with alone(root / _LOCK, f"reprosep render works in {root}"):
        rows = songs_of(request.midi, request.songs) if request.keeps_songs else _selection(request)
        accepted = [row for row in rows if row.state == ACCEPTED]
        tasks = _tasks(request, [row.file for row in accepted])
        _write_selection(root, rows, tasks)
        if not accepted:
            reason, count = Counter(row.reason for row in rows).most_common(1)[0]
            raise UserError(
                f"{request.midi}: none of its {len(rows)} MIDI files can be a song ({count}: {reason}); see "
                f"{root / 'selection.csv'} and add files, or change rendering.rule or its limits"
            )
        _write_parameters(request)
        wanted = {task.place.name for task in tasks}
        made.remove_others(wanted)
        _forget_others(root, wanted)
        outcomes = _render(request, tasks)
        _write_skipped(root, outcomes)
    _check_any(root, outcomes)
    return Summary(root, outcomes, Counter(row.state for row in rows))


def _check_any(root: Path, outcomes: Iterable[Outcome]) -> None:
    reasons = Counter(one.skipped for one in outcomes)
    if "" not in reasons:
        reason, count = reasons.most_common(1)[0]
        raise UserError(
            f"{root}: none of the {reasons.total()} songs could be rendered ({count}: {reason}); see "
            f"{root / 'skipped.csv'} and add files, or mend the patches"
        )


def _song_folders(root: Path) -> Iterator[Path]:
    for folder in FOLDERS.values():
        if (root / folder).is_dir():
            yield from folders_in(root / folder)


def _tasks(request: Request, files: list[str]) -> list[_Task]:
    """The files of the songs and where these shall lie."""
    if request.keeps_songs:
        return [_Task(file, Place(*Path(file).parts[:2])) for file in files]
    return [_Task(file, at) for file, at in zip(files, _places(request, len(files)), strict=True)]


def _places(request: Request, songs: int) -> list[Place]:
    return places(songs, {str(split): share for split, share in request.rendering.shares.items()})


# ---- selection -------------------------------------------------------------------------------------------------------


def _selection(request: Request) -> list[Row]:
    """What becomes of every file, from an earlier run where nothing has changed since."""
    files = [(str(path.relative_to(request.midi)), path.stat()) for path in midi_files(request.midi)]
    listing = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in files]
    leak_free = request.rendering.splits == "leak-free"
    recipe = digest([VERSION, listing, request.songs, request.seed, asdict(request.limits), leak_free])
    path = request.output / _SELECTION
    if path.is_file() and (content := read_record(path, recipe=str, rows=list))["recipe"] == recipe:
        return [Row(**{**row, "facts": Facts(**row["facts"])}) for row in content["rows"]]
    with ProgressReport("examine MIDI files", len(files)) as report:
        examine_all = partial(_examine_all, request, report)
        at_once = _EXAMINED_AT_ONCE * request.workers
        rows = select(request.midi, request.songs, request.seed, request.limits, leak_free, examine_all, at_once)
    write_json(path, {"recipe": recipe, "rows": [asdict(row) for row in rows]})
    return rows


def _examine_all(request: Request, report: ProgressReport, paths: list[Path]) -> list[Facts]:
    by_path = {}
    for path, facts in each(partial(_examine, limits=request.limits), paths, request.workers):
        by_path[path] = facts
        report.advance()
    return [by_path[path] for path in paths]


def _examine(path: Path, limits: Limits) -> tuple[Path, Facts]:
    return path, examine(path, limits)


def _write_selection(root: Path, rows: Iterable[Row], tasks: Iterable[_Task]) -> None:
    songs = {task.file: f"{task.place.folder}/{task.place.name}" for task in tasks}
    _write_table(root / "selection.csv", [{"song": songs.get(row.file, ""), **row.cells()} for row in rows])


# ---- rendering -------------------------------------------------------------------------------------------------------


def _render(request: Request, tasks: list[_Task]) -> tuple[Outcome, ...]:
    outcomes = []
    with ProgressReport("render songs", len(tasks)) as report:
        for outcome in each(partial(_render_one, request), tasks, request.workers):
            outcomes.append(outcome)
            report.advance(note=outcome.place.name)
    return tuple(sorted(outcomes, key=lambda one: one.place.name))


def _render_one(request: Request, task: _Task) -> Outcome:
    """Render a song, unless it is there already, or was skipped, with the same recipe."""
    began = time.process_time()
    source, root, place = request.midi / task.file, request.output, task.place
    made, folder, name = MadeSongs(root), root / place.folder / place.name, place.name
    table = request.table()
    recipe = digest(
        [VERSION, _md5(source), task.file, request.seed, asdict(request.settings), table.content(), asdict(place)]
    )
    log = root / _OUTCOMES / f"{name}.json"
    if log.is_file() and (content := read_record(log, recipe=str))["recipe"] == recipe:
        outcome = _outcome(task, content)
        if outcome.skipped or made.is_whole(folder, name, recipe):
            return outcome
    made.remove(folder, name)
    content = {"recipe": recipe, "skipped": "", "stems": 0, "seconds": 0.0, "silent": []}
    try:
        with made.making(folder, name, recipe) as temporary:
            midi = read_midi(source)
            song = make_song(midi, temporary, table, request.settings, seed=request.seed, origin=task.file)
            content |= {"stems": len(song.stems), "seconds": song.seconds, "silent": song.silent}
            write_json(log, content)
    except Skipped as reason:
        content["skipped"] = str(reason)
    except (UserError, OSError):
        raise
    except (soundfile.SoundFileError, MemoryError) as error:  # of the machine, not of the song
        raise UserError(
            f"{folder}: cannot be made ({type(error).__name__}: {error}); free some space on the disk, or "
            "memory by fewer workers, and run the same command again, finished songs are kept"
        ) from error
    except Exception as error:  # one odd song must not end the run
        content["skipped"] = f"cannot be rendered ({type(error).__name__}: {' '.join(str(error).split())})"
    if content["skipped"]:
        write_json(log, content)
    return _outcome(task, content, time.process_time() - began)


def _outcome(task: _Task, content: dict[str, Any], core_seconds: float = 0.0) -> Outcome:
    silent = tuple((name, reason) for name, reason in content["silent"])
    counted = content["skipped"], content["stems"], content["seconds"]
    return Outcome(task.place, task.file, *counted, silent, core_seconds)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _forget_others(root: Path, wanted: set[str]) -> None:
    for log in (root / _OUTCOMES).glob("*.json"):
        if log.stem not in wanted:
            log.unlink()


# ---- tables ----------------------------------------------------------------------------------------------------------


def _write_skipped(root: Path, outcomes: Iterable[Outcome]) -> None:
    rows = []
    for one in outcomes:
        song = {"song": f"{one.place.folder}/{one.place.name}", "file": one.file}
        if one.skipped:
            rows.append({**song, "stem": "", "reason": one.skipped})
        rows += [{**song, "stem": name, "reason": reason} for name, reason in one.silent if not one.skipped]
    _write_table(root / "skipped.csv", rows, ["song", "file", "stem", "reason"])


def _write_table(path: Path, rows: list[dict[str, Any]], columns: list[str] | None = None) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parameters(request: Request) -> None:
    content = {"songs": request.songs, "seed": request.seed, "flakh": request.flakh}
    content["rendering"] = request.rendering.model_dump(mode="json")  # type: ignore[assignment]
    with whole_file(request.output / "rendering.yaml") as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
