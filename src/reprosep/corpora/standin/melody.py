"""Melodies: sung and played phrases with a motif per kind of section, strong beats on chord tones, rests to breathe.

Conventions
-----------
A phrase takes two bars. A motif is a rhythm, a list of (beat, length) in eight beats; verses share theirs.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reprosep.corpora.standin.harmony import scale_pitches
from reprosep.corpora.standin.notes import Note
from reprosep.corpora.standin.songs import BEATS, Part, Song

Motif = list[tuple[float, float]]

_SUNG_LENGTHS = (0.5, 0.5, 0.5, 1.0, 1.0, 1.5, 2.0)
_PLAYED_LENGTHS = (0.25, 0.5, 0.5, 0.5, 1.0, 1.0, 1.5)
_STEPS = (-3, -2, -1, -1, -1, 0, 1, 1, 1, 2, 3)  # scale steps from note to note


def lead_vocal(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """The tune: phrases of five to seven beats in every two bars, within the singer's range."""
    return _tune(song, part, rng, _SUNG_LENGTHS, sung_beats=(5.8, 7.3))


def melody(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """A solo line on a wind instrument or a lead guitar."""
    return _tune(song, part, rng, _PLAYED_LENGTHS, sung_beats=(5.5, 7.5))


def backing_vocal(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Held vowels on chord tones, one or two per bar."""
    centre = (part.instrument.low + part.instrument.high) / 2
    notes = []
    for bar in part.bars:
        for half in (0, 2) if rng.random() < 0.4 else (0,):
            harmony = song.chord_at(bar, half)
            tones = [p for p in range(part.instrument.low, part.instrument.high + 1) if p % 12 in harmony.classes]
            pitch = min(tones, key=lambda tone: abs(tone - centre))
            centre = 0.7 * pitch + 0.3 * (part.instrument.low + part.instrument.high) / 2 + rng.uniform(-2, 2)
            start = bar * BEATS + half
            notes.append(Note(start, start + (1.85 if half else 3.4), pitch, 84))
    return _trimmed(notes)


def _tune(
    song: Song, part: Part, rng: np.random.Generator, lengths: tuple[float, ...], sung_beats: tuple[float, float]
) -> list[Note]:
    """Phrases over every run of playing bars, two bars at a time."""
    kinds = sorted({section.kind for section in song.sections})
    motifs = {kind: [_motif(lengths, sung_beats, rng) for _ in range(2)] for kind in kinds}
    scale = scale_pitches(song.tonic, song.mode, part.instrument.low, part.instrument.high)
    place = rng.uniform(0.35, 0.65)
    notes: list[Note] = []
    for section in song.sections:
        lift = 0.12 if section.kind == "chorus" else 0.0
        for turn, bar in enumerate(range(section.first, section.first + section.bars, 2)):
            motif = motifs[section.kind][turn % 2]
            open_beats = _open_beats(part, bar, section.first + section.bars)
            phrase = [(beat, length) for beat, length in motif if open_beats[int(beat)]]
            notes += _phrase(song, bar, phrase, scale, place + lift, rng)
    return _trimmed(notes)


def _open_beats(part: Part, bar: int, end: int) -> list[bool]:
    """For the eight beats of a two-bar phrase: does the part play there, and is it still the same section?"""
    return [b < end and part.playing[b] for b in (bar, bar + 1) for _ in range(BEATS)]


def _motif(lengths: tuple[float, ...], sung_beats: tuple[float, float], rng: np.random.Generator) -> Motif:
    """A rhythm of about `sung_beats` that ends on a long note and leaves the rest of eight beats to breathe."""
    beat = float(rng.choice((0.0, 0.0, 0.5, 1.0)))
    end = beat + rng.uniform(*sung_beats) - beat * 0.5
    motif = []
    while beat < end - 0.5:
        length = min(float(rng.choice(lengths)), end - beat)
        motif.append((beat, length))
        beat += length
    last, _ = motif[-1]
    motif[-1] = (last, min(max(end, last + 0.75), 7.8) - last)
    return [(beat, length) for beat, length in motif if length > 0.2]


def _phrase(song: Song, bar: int, motif: Motif, scale: list[int], place: float, rng: np.random.Generator) -> list[Note]:
    """Pitches for a motif: a walk on the scale that is drawn back to its centre and to chord tones on the beat."""
    centre = place * (len(scale) - 1)
    step = int(np.clip(round(centre + rng.normal(0, 1.5)), 0, len(scale) - 1))
    notes = []
    for beat, length in motif:
        pull = int(np.sign(round((centre - step) / 3)))
        step = int(np.clip(step + int(rng.choice(_STEPS)) + pull, 0, len(scale) - 1))
        harmony = song.chord_at(bar + int(beat) // BEATS, beat % BEATS)
        if beat % 1 == 0 or length >= 1:
            tones = [i for i, pitch in enumerate(scale) if pitch % 12 in harmony.classes]
            step = min(tones, key=lambda i: abs(i - step)) if tones else step
        start = bar * BEATS + beat
        notes.append(Note(start, start + 0.97 * length, scale[step], 96 if beat % 2 == 0 else 86))
    return notes


def _trimmed(notes: list[Note]) -> list[Note]:
    """One voice: a note ends where the next one starts."""
    ordered = sorted(notes)
    ends = [min(note.end, following.start) for note, following in pairwise(ordered)] + [n.end for n in ordered[-1:]]
    return [Note(note.start, end, note.pitch, note.velocity) for note, end in zip(ordered, ends, strict=True)]
