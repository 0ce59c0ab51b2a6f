"""Notes of stems: which files tell them, and how these are read.

Beside the sound (``corpora.<name>.notes: beside``): of Slakh2100 and of what this project renders from MIDI,
``MIDI/<stem>.mid`` beside ``stems/``; of composed stand-ins ``<stem>_NOTES.csv`` beside the stem, with the columns
``start,end,pitch,velocity``. Published (``notes: published``): MedleyDB's pitch annotations ``<stem>.csv``, pairs of
time and fundamental frequency without a header. They lie in ``Annotations/Pitch/`` of its repository, elsewhere in
older versions of it, and are searched by name.

MedleyDB's melody annotations are no notes of a stem and are not read: they are drawn from the pitch annotations of the
stem that leads, or of several in turn, and say nothing of a stem while another one leads.

Conventions
-----------
Times are seconds, pitches MIDI's note numbers (69 is 440 Hz). A note lasts from its beginning to its end, where the key
is released; what rings on behind it is none. An annotated frequency holds for the 256 samples at 44.1 kHz around its
time; it is a note of the nearest semitone, which lasts as long as that is the same. Where no frequency stands, or 0,
there is none.

References
----------
Bittner et al., MedleyDB (ISMIR 2014) and its repository's scripts of annotations; Manilow et al., Slakh (WASPAA 2019).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from reprosep.base.csv_text import csv_rows
from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.listing import below
from reprosep.corpora.beside_roots import folders_beside_roots
from reprosep.params.data import Corpus

SUFFIX = "_NOTES.csv"
STEP = 256 / 44100  # seconds from one annotated frequency to the next
_COLUMNS = ["start", "end", "pitch", "velocity"]
_MIDI = "MIDI"
_A4, _A4_HZ, _OCTAVE = 69, 440.0, 12
_GAP = 1.5  # steps after which the next frequency begins another note
_HIGHEST = 127
_REMEDY = "get the file anew from its source, or take it away: its stem then has no notes"


class StemNote(NamedTuple):
    """A note of a stem."""

    start: float
    end: float
    pitch: int


def write_notes_csv(path: Path, notes: Iterable[Any]) -> None:
    """Notes with start, end, pitch and velocity as CSV, times to the last digit."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([float(one.start), float(one.end), int(one.pitch), int(one.velocity)] for one in notes)


def notes_beside(sound: Path) -> Path | None:
    """The file beside a stem that tells its notes, None where there is none."""
    written = sound.with_name(f"{sound.stem}{SUFFIX}")
    rendered = sound.parent.parent / _MIDI / f"{sound.stem}.mid"
    return next((path for path in (written, rendered) if path.is_file()), None)


def annotation_files(name: str, corpus: Corpus) -> dict[str, Path]:
    """Name of a stem's file without its suffix -> published pitch annotation, of ``note_folders`` and below the roots.

    Of several files of a stem the first folder's is taken; none where notes are not the published ones.

    Raises
    ------
    UserError
        When one of ``note_folders`` is missing.
    """
    files: dict[str, Path] = {}
    if corpus.notes != "published":
        return files
    for folder in folders_beside_roots(name, "note_folders", corpus, "MedleyDB's pitch annotations"):
        for path in sorted(below(folder).files):
            if path.suffix == ".csv" and not path.name.endswith(SUFFIX):
                files.setdefault(path.stem, path)
    return files


def read_notes(path: Path) -> list[StemNote]:
    """The notes of a file of any of the three forms, by start and pitch; those without length are left out.

    Raises
    ------
    UserError
        When it is broken, or none of them.
    """
    if path.suffix == ".mid":
        notes = _of_midi(path)
    elif path.name.endswith(SUFFIX):
        notes = _of_csv(path)
    else:
        notes = _of_frequencies(path)
    return sorted(note for note in notes if note.end > note.start)


def _of_midi(path: Path) -> list[StemNote]:
    """Those of all instruments in a MIDI file but drums, whose numbers are no pitches."""
    from reprosep.synthesis.midi import read_midi  # reads with mido, which plans do not need

    try:
        song = read_midi(path)
    except Exception as error:  # whatever mido raises
        raise UserError(f"{path}: not readable as MIDI ({' '.join(str(error).split())}); {_REMEDY}") from error
    tracks = [track for track in song.tracks if not track.is_drum]
    return [StemNote(note.start, note.end, note.pitch) for track in tracks for note in track.notes]


def _of_csv(path: Path) -> list[StemNote]:
    rows = csv_rows(path, _COLUMNS, _REMEDY)
    try:
        notes = [StemNote(float(row["start"]), float(row["end"]), int(row["pitch"])) for row in rows]
    except ValueError as error:
        raise UserError(f"{path}: holds what is no number ({error}); {_REMEDY}") from error
    for number, note in enumerate(notes):
        if not (0 <= note.start <= note.end < np.inf and 0 <= note.pitch <= _HIGHEST):
            raise UserError(
                f"{path}: line {number + 2} is no note ({note.start:g} to {note.end:g} s, pitch {note.pitch}); "
                f"expected times that rise from 0 and a pitch up to {_HIGHEST}; {_REMEDY}"
            )
    return notes


def _of_frequencies(path: Path) -> list[StemNote]:
    """Runs of one semitone in an annotation of fundamental frequencies."""
    times, frequencies = _frequencies(path)
    voiced = frequencies > 0
    times, pitches = times[voiced], np.round(_A4 + _OCTAVE * np.log2(frequencies[voiced] / _A4_HZ)).astype(int)
    begins = np.ones(len(times), bool)
    begins[1:] = (np.diff(pitches) != 0) | (np.diff(times) > _GAP * STEP)
    numbers = np.cumsum(begins)
    runs = [list(run) for _, run in groupby(range(len(times)), key=lambda place: numbers[place])]
    half = STEP / 2
    return [StemNote(max(times[run[0]] - half, 0.0), times[run[-1]] + half, int(pitches[run[0]])) for run in runs]


def _frequencies(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds and frequencies in Hz of an annotation."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [[float(value) for value in row] for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise _mistake(path, str(error)) from error
    if wrong := [number for number, row in enumerate(rows) if len(row) != 2]:
        raise _mistake(path, f"line {wrong[0] + 1} has {len(rows[wrong[0]])} values")
    table = np.array(rows, dtype=float).reshape(-1, 2)
    times, frequencies = table.T
    if not np.isfinite(table).all() or (table < 0).any() or (np.diff(times) <= 0).any():
        raise _mistake(path, "times do not rise from line to line, or a value is below 0")
    return times, frequencies


def _mistake(path: Path, problem: str) -> UserError:
    return UserError(
        f"{path}: not a pitch annotation of MedleyDB ({problem}; expected a time in seconds and a frequency in Hz in "
        f"every line); {_REMEDY}"
    )
