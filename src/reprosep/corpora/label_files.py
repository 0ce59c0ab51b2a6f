"""Published activity labels: the files ``<song>_ACTIVATION_CONF.lab`` of MedleyDB and of Mixing Secrets.

A file is csv with the columns ``time,S01,S02,…``: the activation confidence of every stem, from 0 to 1, in steps of
2048 samples at 44.1 kHz. Where the files lie has changed with the versions of both repositories (``annotations/``,
``Annotations/Activation_Confidence/{original,v2}/``, beside a song's metadata), so they are searched by name.

Conventions
-----------
Frame k is centred at sample 2048 k of the song: the published code puts 2048 zeros in front of it and takes windows of
4096. Confidences at other times are interpolated linearly: they are low-passed to 0.8 Hz, far below the frame rate.

References
----------
Bittner et al., MedleyDB (ISMIR 2014); Gururani and Lerch, Mixing Secrets (ISMIR 2017 late-breaking).
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from reprosep.base.errors import UserError
from reprosep.base.listing import below
from reprosep.corpora.beside_roots import folders_beside_roots
from reprosep.corpora.songs import LABELS
from reprosep.params.data import Corpus

STEP = 2048 / 44100  # seconds from frame to frame
_OLDER = "original"  # MedleyDB's first labels; those beside them in v2/ were computed again
_TIME_TOLERANCE = 1e-3  # seconds; times have four decimals
_LENGTH_TOLERANCE = 1.0  # seconds that labels may lack at the end of a song, where the last confidence is kept


def label_files(name: str, corpus: Corpus) -> dict[str, Path]:
    """Song -> its label file, of those in ``label_folders`` and below the roots; none where labels are computed.

    Of several files of a song the first folder's is taken, and those in a folder ``original`` last.

    Raises
    ------
    UserError
        When one of ``label_folders`` is missing.
    """
    files: dict[str, Path] = {}
    if corpus.labels == "computed":
        return files
    for folder in folders_beside_roots(name, "label_folders", corpus, f"files *{LABELS}"):
        paths = [path for path in below(folder).files if path.name.endswith(LABELS)]
        for path in sorted(paths, key=lambda path: (path.parent.name == _OLDER, path)):
            files.setdefault(path.name.removesuffix(LABELS), path)
    return files


def read_labels(path: Path, stems: list[str], seconds: float) -> np.ndarray:
    """The published confidences of a song's stems, float64 ``(stem, frame)``, frames as this module's conventions say.

    Parameters
    ----------
    stems: names of the stems in the song's metadata, S01, S02, …
    seconds: the length of the song.

    Raises
    ------
    UserError
        When the file is not of this format, lacks a stem, or covers less than the song.
    """
    header, rows = _cells(path)
    missing = [name for name in ["time", *stems] if name not in header]
    if missing or header[0] != "time":
        lacks = f"no column {', '.join(missing)}" if missing else "time is not the first column"
        raise _mistake(path, f"{lacks} in '{','.join(header)}', expected time and one for each of {', '.join(stems)}")
    places = [header.index(name) for name in stems]
    values = np.empty((len(rows), len(stems)))
    for number, row in enumerate(rows):
        _check_row(path, number, row, len(header))
        values[number] = [float(row[place]) for place in places]
    covered = len(rows) * STEP
    if covered < seconds - _LENGTH_TOLERANCE:
        raise _mistake(path, f"covers {covered:.1f} s, but the song has {seconds:.1f} s")
    return values.T


def at_times(confidences: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Published confidences ``(stem, frame)`` at other `times` (seconds, rising), ``(stem, time)``."""
    published = np.arange(confidences.shape[1]) * STEP
    return np.stack([np.interp(times, published, row) for row in confidences])


def _cells(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    except (OSError, ValueError, csv.Error) as error:
        raise _mistake(path, f"not readable as csv ({error})") from error
    if len(lines) < 2:
        raise _mistake(path, "holds no frame, expected a line 'time,S01,…' and a line per frame")
    return lines[0], lines[1:]


def _check_row(path: Path, number: int, row: list[str], columns: int) -> None:
    """That the row of frame `number` is one: as many numbers as columns, its time, and confidences from 0 to 1."""
    where = f"line {number + 2} ('{' '.join(','.join(row).split())}')"
    try:
        time, *confidences = map(float, row)
    except ValueError:
        raise _mistake(path, f"{where} holds what is no number") from None
    if len(row) != columns:
        raise _mistake(path, f"{where} has {len(row)} values, expected {columns}")
    if not abs(time - number * STEP) <= _TIME_TOLERANCE:
        raise _mistake(path, f"{where} has the time {row[0]}, expected {number * STEP:.4f} (steps of 2048 / 44100 s)")
    if not all(0 <= value <= 1 for value in confidences):
        raise _mistake(path, f"{where} has a confidence outside 0 … 1")


def _mistake(path: Path, problem: str) -> UserError:
    return UserError(
        f"{path}: {problem}; get the file anew from where the labels are published, or move it away: the labels of its "
        "song are then computed"
    )
