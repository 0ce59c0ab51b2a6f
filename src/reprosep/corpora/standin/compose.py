"""From the plan to notes: hand each part to the composer of its role, then perform the score with human timing.

Conventions
-----------
Composers write :class:`Note` in beats from the start of the song. :func:`perform` turns beats into seconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from reprosep.corpora.standin.groove import bass, drums, hand_drums, shaker
from reprosep.corpora.standin.harmony import near
from reprosep.corpora.standin.melody import backing_vocal, lead_vocal, melody
from reprosep.corpora.standin.notes import Note
from reprosep.corpora.standin.patterns import arpeggio, comp, guitar, pad, power, stabs, strum
from reprosep.corpora.standin.songs import BEATS, Part, Song

Composer = Callable[[Song, Part, np.random.Generator], list[Note]]

ROLES: dict[str, Composer] = {
    "arpeggio": arpeggio,
    "backing vocal": backing_vocal,
    "bass": bass,
    "comp": comp,
    "drums": drums,
    "guitar": guitar,
    "hand drums": hand_drums,
    "lead vocal": lead_vocal,
    "melody": melody,
    "pad": pad,
    "power": power,
    "shaker": shaker,
    "stabs": stabs,
    "strum": strum,
}

_TIMING_SECONDS = 0.006  # standard deviation of a player's timing
_VELOCITY_SPREAD = 5.0


def compose(song: Song, part: Part) -> list[Note]:
    """The performed notes of one part, in seconds, ordered by start, none overlapping another of the same pitch."""
    score = ROLES[part.instrument.role](song, part, song.stream(f"notes {part.number}"))
    return perform(score or _held(song, part), song, song.stream(f"timing {part.number}"))


def _held(song: Song, part: Part) -> list[Note]:
    """A root per bar, for a part whose phrases find no room in a very short song."""
    centre = (part.instrument.low + part.instrument.high) / 2
    return [Note(bar * BEATS, bar * BEATS + 3, near(song.chord_at(bar, 0).root, centre), 90) for bar in part.bars]


def perform(score: list[Note], song: Song, rng: np.random.Generator) -> list[Note]:
    """Swing, human timing and velocity; notes end with the song, and a repeated pitch ends before it starts again."""
    length = song.seconds
    performed = []
    for note in sorted(score):
        shift = song.swing if abs(note.start % 1 - 0.5) < 1e-3 else 0.0
        start = (note.start + shift) * song.beat_seconds + rng.normal(0, _TIMING_SECONDS)
        end = start + (note.end - note.start) * song.beat_seconds
        velocity = int(np.clip(note.velocity + rng.normal(0, _VELOCITY_SPREAD), 20, 127))
        if start < length - 0.15:
            performed.append(Note(max(start, 0.0), min(end, length - 0.03), note.pitch, velocity))
    return _without_overlaps(sorted(performed))


def _without_overlaps(notes: list[Note]) -> list[Note]:
    """End each note where the next one of its pitch starts."""
    following: dict[int, float] = {}
    kept = []
    for note in reversed(notes):
        end = min(note.end, following.get(note.pitch, np.inf) - 0.004)
        following[note.pitch] = note.start
        if end > note.start + 0.02:
            kept.append(dataclasses.replace(note, end=float(end)))
    return kept[::-1]
