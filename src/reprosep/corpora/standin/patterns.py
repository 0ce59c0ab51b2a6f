"""Harmony instruments: strummed and picked guitars, power chords, piano comping, pads, arpeggios, brass stabs.

Conventions
-----------
Strumming patterns are eight eighths per bar: ``D`` down, ``U`` up, ``.`` let ring. Rhythms are lists of (beat, length).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from reprosep.corpora.standin.harmony import Chord, at_or_above, close_voicing, voicing
from reprosep.corpora.standin.notes import Note
from reprosep.corpora.standin.songs import BEATS, Part, Song

Choice = TypeVar("Choice")

_STRUMS = ("D.DU.UDU", "D.D.D.DU", "DUDUDUDU", "D...D.DU", "D.DUDUDU")
_STRUM_SECONDS = 0.011  # from string to string

_COMPS: tuple[list[tuple[float, float]], ...] = (
    [(0, 1.9), (2, 1.9)],
    [(0, 0.9), (1, 0.9), (2, 0.9), (3, 0.9)],
    [(0, 1.4), (1.5, 1.4), (3, 0.9)],
    [(0, 3.8)],
    [(0, 0.7), (1.5, 0.7), (2.5, 1.3)],
)
_POWER: tuple[list[tuple[float, float]], ...] = (
    [(i / 2, 0.4) for i in range(8)],
    [(0, 1.4), (1.5, 1.4), (3, 0.95)],
    [(0, 3.9)],
    [(0, 0.9), (1, 0.4), (1.5, 0.9), (2.5, 0.4), (3, 0.9)],
)
_STABS: tuple[list[tuple[float, float]], ...] = (
    [(0, 0.4), (1.5, 0.4), (3, 0.8)],
    [(0.5, 0.4), (2.5, 1.3)],
    [(0, 2.6), (3, 0.4), (3.5, 0.4)],
)


def _per_kind(song: Song, options: Sequence[Choice], rng: np.random.Generator) -> dict[str, Choice]:
    """One of the options for each kind of section, so that a chorus sounds like the last chorus."""
    kinds = sorted({section.kind for section in song.sections})
    return {kind: options[int(rng.integers(len(options)))] for kind in kinds}


def _strings(harmony: Chord, part: Part) -> list[int]:
    """A guitar chord: five or six tones from the lowest root in the register."""
    return [pitch for pitch in voicing(harmony, part.instrument.low, 5) if pitch <= part.instrument.high]


def strum(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Down and up strokes over full chords; some sections are picked instead."""
    patterns = _per_kind(song, _STRUMS, rng)
    picked = {kind: kind in ("intro", "verse", "bridge") and rng.random() < 0.4 for kind in patterns}
    notes: list[Note] = []
    for bar in part.bars:
        kind = song.section(bar).kind
        if picked[kind]:
            notes += _picked(song, part, bar)
            continue
        strokes = [(eighth, mark) for eighth, mark in enumerate(patterns[kind]) if mark != "."]
        for (eighth, mark), (end, _) in zip(strokes, [*strokes[1:], (8, "")], strict=True):
            notes += _stroke(song, part, bar, eighth / 2, end / 2, mark)
    return notes


def _stroke(song: Song, part: Part, bar: int, beat: float, end: float, mark: str) -> list[Note]:
    """One stroke across the strings; up strokes are softer and take the upper strings from above."""
    strings = _strings(song.chord_at(bar, beat), part)
    strings = strings if mark == "D" else strings[:1:-1]
    stagger = _STRUM_SECONDS / song.beat_seconds
    start, velocity = bar * BEATS + beat, (96 if beat == 0 else 86) if mark == "D" else 70
    return [
        Note(start + i * stagger, max(bar * BEATS + end, start + i * stagger + 0.1), pitch, velocity)
        for i, pitch in enumerate(strings)
    ]


def _picked(song: Song, part: Part, bar: int) -> list[Note]:
    """Finger picking in eighths; strings ring to the end of the half bar."""
    notes = []
    for eighth, string in enumerate((0, 2, 3, 4, 1, 3, 4, 2)):
        strings = _strings(song.chord_at(bar, eighth / 2), part)
        pitch = strings[min(string, len(strings) - 1)]
        start = bar * BEATS + eighth / 2
        end = bar * BEATS + (2 if eighth < 4 else 4)
        notes.append(Note(start, max(end, start + 0.5), pitch, 92 if eighth in (0, 4) else 78))
    return notes


def guitar(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Clean electric guitar: picking, held chords, or short off-beat chops, one way per kind of section."""
    ways = _per_kind(song, ("pick", "hold", "chop", "strum"), rng)
    pattern = _STRUMS[int(rng.integers(len(_STRUMS)))]
    notes: list[Note] = []
    for bar in part.bars:
        way = ways[song.section(bar).kind]
        if way == "pick":
            notes += _picked(song, part, bar)
        elif way == "hold":
            notes += _stroke(song, part, bar, 0, 2, "D") + _stroke(song, part, bar, 2, 4, "D")
        elif way == "chop":
            beats = (0.5, 1.5, 2.5, 3.25, 3.5) if song.style == "funk" else (1, 1.5, 3, 3.5)
            notes += [note for beat in beats for note in _stroke(song, part, bar, beat, beat + 0.3, "U")]
        else:
            strokes = [i / 2 for i, mark in enumerate(pattern) if mark != "."]
            for beat, end in zip(strokes, [*strokes[1:], 4.0], strict=True):
                notes += _stroke(song, part, bar, beat, end, "D" if beat % 1 == 0 else "U")
    return notes


def power(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Root, fifth and octave, chugged or held."""
    rhythms = _per_kind(song, _POWER, rng)
    notes = []
    for bar in part.bars:
        for beat, length in rhythms[song.section(bar).kind]:
            harmony = song.chord_at(bar, beat)
            root = at_or_above(harmony.root, part.instrument.low)
            start = bar * BEATS + beat
            for pitch in (root, at_or_above(harmony.fifth, root), root + 12):
                notes.append(Note(start, start + length, pitch, 108 if beat in (0, 2) else 92))
    return notes


def comp(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Piano: chords in the right hand near middle C, roots and octaves in the left."""
    rhythms = _per_kind(song, _COMPS, rng)
    broken = {kind: rng.random() < 0.3 for kind in rhythms}
    notes: list[Note] = []
    for bar in part.bars:
        kind = song.section(bar).kind
        if broken[kind]:
            notes += _broken(song, bar)
        else:
            for beat, length in rhythms[kind]:
                start = bar * BEATS + beat
                right = close_voicing(song.chord_at(bar, beat), 65, 4)
                notes += [Note(start, start + length, pitch, 86 if beat == 0 else 78) for pitch in right]
        root = at_or_above(song.chord_at(bar, 0).root, part.instrument.low)
        notes += [Note(bar * BEATS, bar * BEATS + 1.9, root, 84)]
        half = song.chord_at(bar, 2)
        notes += [Note(bar * BEATS + 2, bar * BEATS + 3.9, at_or_above(half.root, part.instrument.low + 5), 76)]
    return notes


def _broken(song: Song, bar: int) -> list[Note]:
    """Broken chords in eighths."""
    notes = []
    for eighth, tone in enumerate((0, 1, 2, 3, 2, 1, 2, 1)):
        pitches = close_voicing(song.chord_at(bar, eighth / 2), 65, 4)
        start = bar * BEATS + eighth / 2
        notes.append(Note(start, start + 0.9, pitches[tone], 84 if eighth == 0 else 74))
    return notes


def pad(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Held chords, one or two per bar."""
    centre = (part.instrument.low + part.instrument.high) / 2 + rng.uniform(-3, 3)
    count = int(rng.integers(3, 5))
    notes = []
    for bar in part.bars:
        harmonies = song.chords[bar]
        length = BEATS / len(harmonies)
        for turn, harmony in enumerate(harmonies):
            start = bar * BEATS + turn * length
            notes += [Note(start, start + length - 0.06, pitch, 80) for pitch in close_voicing(harmony, centre, count)]
    return notes


def arpeggio(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Chord tones up and down in eighths or sixteenths."""
    grids = _per_kind(song, (0.5, 0.25, 0.5) if song.style == "electronic" else (0.5, 0.5, 1.0), rng)
    order = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 2, 3, 2, 1), (3, 2, 1, 0))[int(rng.integers(4))]
    low = part.instrument.low + int(rng.integers(0, 10))
    notes = []
    for bar in part.bars:
        grid = grids[song.section(bar).kind]
        for step in range(int(BEATS / grid)):
            tones = voicing(song.chord_at(bar, step * grid), low, 4)
            start = bar * BEATS + step * grid
            notes.append(Note(start, start + grid * 1.1, tones[order[step % len(order)]], 90 if step == 0 else 76))
    return notes


def stabs(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Short brass chords, every bar or every other bar."""
    rhythms = _per_kind(song, _STABS, rng)
    notes = []
    for bar in part.bars:
        for beat, length in rhythms[song.section(bar).kind]:
            start = bar * BEATS + beat
            pitches = close_voicing(song.chord_at(bar, beat), 63, 4)
            notes += [Note(start, start + length, pitch, 98) for pitch in pitches]
    return notes
