"""Which MIDI files become songs: what is in a file, the rules, and the draw without leaks between splits.

Conventions
-----------
Files are named by their path below the folder. Files of the same bytes are one (the first by path stays), and so are
files with the same notes, e.g. one that was saved again: both would leak from one split into another. The paper's way
removes duplicates by file name only, and leaks.

References
----------
Manilow et al., Slakh (WASPAA 2019), section 2.1; rule `code`: https://github.com/ethman/slakh-generation
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from reprosep.base.errors import UserError
from reprosep.base.files import digest, sha256
from reprosep.base.listing import below
from reprosep.synthesis.metadata import class_of
from reprosep.synthesis.midi import Song, read_midi
from reprosep.synthesis.splits import FOLDERS
from reprosep.synthesis.tracks import BAND, counts_of, program_of, seconds_of

SUFFIXES = (".mid", ".midi")
ACCEPTED, SKIPPED, NOT_DRAWN = "accepted", "skipped", "not drawn"
_ENOUGH = "enough songs were drawn before it"
_WHOLE = "all_src.mid"  # of a song of Slakh2100
_FEWEST_INSTRUMENTS = 2  # of the code's rule

Rule = Literal["paper", "code"]
Examine = Callable[[list[Path]], Iterable["Facts"]]


@dataclass(frozen=True)
class Limits:
    """The rule and what it is made of. `fewest_notes` is the paper's, the last two keep a run from odd files."""

    rule: Rule = "paper"
    fewest_notes: int = 50
    longest_minutes: float = 15.0
    most_tracks: int = 64


@dataclass(frozen=True)
class Facts:
    """What is in a MIDI file; `problem` says why it cannot be a song, and is empty when it can."""

    problem: str = ""
    notes_digest: str = ""
    seconds: float = 0.0
    tracks: int = 0
    notes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BAND, 0))


@dataclass(frozen=True)
class Row:
    """What became of one file."""

    file: str
    state: str
    reason: str = ""
    sha256: str = ""
    facts: Facts = Facts()

    def cells(self) -> dict[str, object]:
        """A row of the log table."""
        choice = {"file": self.file, "state": self.state, "reason": self.reason, "sha256": self.sha256}
        facts = {"seconds": round(self.facts.seconds, 1), "tracks": self.facts.tracks}
        return {**choice, **facts, **{family: self.facts.notes[family] for family in BAND}}


def midi_files(folder: Path) -> list[Path]:
    """All MIDI files below a folder.

    Raises
    ------
    UserError
        When the folder does not exist or holds none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give a folder with MIDI files")
    files = [path for path in below(folder).files if path.suffix.lower() in SUFFIXES]
    if not files:
        raise UserError(f"{folder}: no MIDI file in it or below; expected files that end with {' or '.join(SUFFIXES)}")
    return files


def songs_of(dataset: Path, songs: int) -> list[Row]:
    """The songs of a data set in Slakh2100's layout, in its order, by the MIDI file of each; no rule is applied.

    Raises
    ------
    UserError
        When it has none.
    """
    every = sorted(path for folder in FOLDERS.values() for path in (dataset / folder).glob(f"*/{_WHOLE}"))
    if not every:
        raise UserError(
            f"{dataset}: no song of a data set in it; expected {', '.join(FOLDERS.values())} with "
            f"Track00001/{_WHOLE} and so on, or take splits leak-free or paper for a folder of any MIDI files"
        )
    names = {path: str(path.relative_to(dataset)) for path in every}
    kept = [Row(names[path], ACCEPTED, "", sha256(path)) for path in every[:songs]]
    return kept + [Row(names[path], NOT_DRAWN, _ENOUGH) for path in every[songs:]]


def examine(path: Path, limits: Limits) -> Facts:
    """Read a file and judge it by the rule."""
    try:
        midi = read_midi(path)
    except Exception as error:  # whatever a broken file makes the parser do
        reason = " ".join(str(error).split())
        return Facts(f"not readable as MIDI ({type(error).__name__}{': ' + reason if reason else ''})")
    facts = Facts("", _notes_digest(midi), seconds_of(midi), len(midi.tracks), counts_of(midi.tracks))
    return Facts(**{**asdict(facts), "problem": _problem(midi, facts, limits)})


def select(
    folder: Path, songs: int, seed: int, limits: Limits, leak_free: bool, examine_all: Examine, at_once: int
) -> list[Row]:
    """What becomes of every file of a folder; the accepted ones come first, in the order in which they were drawn.

    Files are examined in a random order, `at_once` of them at a time by `examine_all`, until there are enough songs.
    """
    files = midi_files(folder)
    names = {path: str(path.relative_to(folder)) for path in files}
    sums = {path: sha256(path) for path in files}
    known: dict[str, str] = {}
    unique, rows = [], []
    for path in files:
        key = sums[path] if leak_free else path.name
        if key in known:
            what = "bytes" if leak_free else "name"
            rows.append(Row(names[path], SKIPPED, f"has the same {what} as {known[key]}", sums[path]))
        else:
            known[key] = names[path]
            unique.append(path)
    order = [unique[i] for i in np.random.default_rng(seed).permutation(len(unique))]
    accepted: list[Row] = []
    notes: dict[str, str] = {}
    examined = 0
    for path, facts in _facts(order, examine_all, at_once):
        examined += 1
        reason = facts.problem
        if not reason and leak_free and facts.notes_digest in notes:
            reason = f"has the same notes as {notes[facts.notes_digest]}"
        if reason:
            rows.append(Row(names[path], SKIPPED, reason, sums[path], facts))
            continue
        notes.setdefault(facts.notes_digest, names[path])
        accepted.append(Row(names[path], ACCEPTED, "", sums[path], facts))
        if len(accepted) == songs:
            break
    rows += [Row(names[path], NOT_DRAWN, _ENOUGH, sums[path]) for path in order[examined:]]
    return accepted + sorted(rows, key=lambda row: row.file)


def _facts(order: Sequence[Path], examine_all: Examine, at_once: int) -> Iterator[tuple[Path, Facts]]:
    for first in range(0, len(order), at_once):
        part = list(order[first : first + at_once])
        yield from zip(part, examine_all(part), strict=True)


def _notes_digest(midi: Song) -> str:
    """The same for files that were saved again: how often every program plays every pitch, whatever the times."""
    counts = Counter((program_of(track), note.pitch) for track in midi.tracks for note in track.notes)
    return digest(sorted([*key, count] for key, count in counts.items()))


def _problem(midi: Song, facts: Facts, limits: Limits) -> str:
    """Why a file is no song, or nothing."""
    if not facts.tracks:
        return "no notes"
    if facts.tracks > limits.most_tracks:
        return f"{facts.tracks} tracks, more than {limits.most_tracks} (most_tracks)"
    if facts.seconds > 60 * limits.longest_minutes:
        return f"{facts.seconds / 60:.1f} minutes long, more than {limits.longest_minutes:g} (longest_minutes)"
    return _problem_of_paper(facts, limits) if limits.rule == "paper" else _problem_of_code(midi)


def _problem_of_paper(facts: Facts, limits: Limits) -> str:
    for family, notes in facts.notes.items():
        if not notes:
            return f"no {family}"
        if notes < limits.fewest_notes:
            return f"{notes} notes of {family}, fewer than {limits.fewest_notes} (fewest_notes)"
    return ""


def _problem_of_code(midi: Song) -> str:
    """The released code takes a file in which every instrument is of another class for a bad one."""
    classes = [class_of(track) for track in midi.tracks]
    if len(classes) < _FEWEST_INSTRUMENTS:
        return f"{len(classes)} instruments, fewer than {_FEWEST_INSTRUMENTS}"
    if len(set(classes)) == len(classes):
        return f"{len(classes)} instruments of as many classes"
    if (drums := sum(track.is_drum for track in midi.tracks)) > 1:
        return f"{drums} drum tracks, more than one"
    missing = [family for family in BAND if family.capitalize() not in classes]
    return f"no {missing[0]}" if missing else ""
