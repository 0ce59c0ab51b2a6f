"""Bass lines and percussion.

Conventions
-----------
Drum patterns are sixteen steps per bar: ``X`` accent, ``x`` hit, ``o`` ghost, ``.`` rest. Pitches are General MIDI
drums. Bass figures are (beat, length in beats, tone) with tone R root, 5 fifth, 8 octave, 3 third, A approach to the
next root.
"""

from __future__ import annotations

import numpy as np

from reprosep.corpora.standin.harmony import at_or_above
from reprosep.corpora.standin.notes import Note
from reprosep.corpora.standin.songs import BEATS, Part, Song

KICK, SNARE, RIM, CLAP = 36, 38, 37, 39
HAT, OPEN_HAT, RIDE, CRASH = 42, 46, 51, 49
TOMS = (50, 47, 45, 41)
TAMBOURINE, SHAKER_DRUM = 54, 70
_VELOCITY = {"X": 112, "x": 94, "o": 52}

_BEATS_BY_STYLE = {
    # kick, snare; one of these per kind of section
    "rock": [
        ("X.......x.x.....", "....X.......X..."),
        ("X..x....x.x....x", "....X.......X.o."),
        ("x.x.....x.x.....", "....X.......X..."),
    ],
    "pop": [
        ("X.....x.x.......", "....X.......X..."),
        ("X...x...X...x...", "....X.......X..."),
        ("X......xx.......", "....X.......X..o"),
    ],
    "funk": [("X..x..x...x..x..", "....X..o.o..X..o"), ("X.x....x..x.....", "....X..o.o.oX...")],
    "folk": [("X.......x.......", "....x.......x..."), ("X.....x.x.....x.", "....x.......x...")],
    "ballad": [("X.......x.......", "........X......."), ("X......x..x.....", "....X.......X...")],
    "electronic": [("X...X...X...X...", "....X.......X..."), ("X...X...X...X..x", "....X.......X.o.")],
    "jazz": [("x.......o.......", "....o..o....o..."), ("x.....o.......o.", "......o...o....o")],
}
_HATS = {
    "rock": ("x.x.x.x.x.x.x.x.", "X...X...X...X..."),
    "pop": ("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo"),
    "funk": ("xoxoxoxoxoxoxoxo", "x.xox.xox.xox.xo"),
    "folk": ("x.o.x.o.x.o.x.o.", "x...x...x...x..."),
    "ballad": ("x.x.x.x.x.x.x.x.", "x...x...x...x..."),
    "electronic": ("..X...X...X...X.", "xoXoxoXoxoXoxoXo"),
    "jazz": ("x...x.x.x...x.x.", "x...x.x.x...x.x."),
}
_FILLS = ("............xxxx", "........x.xxx.xx", "..........xxxxXX", "............X.X.")

_FIGURES: dict[str, list[list[tuple[float, float, str]]]] = {
    "rock": [
        [(i / 2, 0.46, "R") for i in range(7)] + [(3.5, 0.45, "A")],
        [(0, 1.4, "R"), (1.5, 0.9, "R"), (2.5, 0.45, "5"), (3, 0.95, "R")],
    ],
    "pop": [
        [(0, 1.4, "R"), (1.5, 1.4, "R"), (3, 0.9, "5")],
        [(i / 2, 0.45, "R" if i != 6 else "5") for i in range(8)],
        [(0, 1.9, "R"), (2, 1.4, "R"), (3.5, 0.45, "A")],
    ],
    "funk": [
        [(0, 0.4, "R"), (0.75, 0.2, "8"), (1.5, 0.4, "R"), (2.25, 0.4, "5"), (2.75, 0.2, "8"), (3.5, 0.4, "A")],
        [(0, 0.7, "R"), (1, 0.2, "8"), (1.75, 0.6, "5"), (2.5, 0.4, "R"), (3.25, 0.6, "3")],
    ],
    "folk": [[(0, 0.95, "R"), (2, 0.95, "5")], [(0, 1.4, "R"), (2, 0.95, "5"), (3, 0.9, "A")]],
    "ballad": [[(0, 2.9, "R"), (3, 0.9, "5")], [(0, 1.9, "R"), (2, 1.4, "5"), (3.5, 0.45, "A")]],
    "electronic": [
        [(i + 0.5, 0.4, "R") for i in range(4)],
        [(i / 4, 0.2, "8" if i % 4 == 2 else "R") for i in range(16) if i % 4],
    ],
    "jazz": [
        [(0, 0.95, "R"), (1, 0.95, "3"), (2, 0.95, "5"), (3, 0.95, "A")],
        [(0, 0.95, "R"), (1, 0.95, "5"), (2, 0.95, "8"), (3, 0.95, "A")],
    ],
}


def steps(pattern: str, pitch: int, bar: int, softer: int = 0) -> list[Note]:
    """The hits of a sixteen-step pattern in one bar."""
    start = bar * BEATS
    return [
        Note(start + step / 4, start + step / 4 + 0.2, pitch, _VELOCITY[mark] - softer)
        for step, mark in enumerate(pattern)
        if mark != "."
    ]


def drums(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """A beat per kind of section, a fill into the next section, a crash where a section starts."""
    kinds = sorted({section.kind for section in song.sections})
    beats = {kind: _BEATS_BY_STYLE[song.style][int(rng.integers(len(_BEATS_BY_STYLE[song.style])))] for kind in kinds}
    hats = {kind: _HATS[song.style][int(rng.integers(2))] for kind in kinds}
    snare = {kind: RIM if kind in ("verse", "intro") and rng.random() < 0.25 else SNARE for kind in kinds}
    notes: list[Note] = []
    for bar in part.bars:
        section = song.section(bar)
        fill = bar == section.first + section.bars - 1 and section.bars > 1 and rng.random() < 0.75
        kick, back = (_varied(pattern, rng) for pattern in beats[section.kind])
        cymbal = RIDE if song.style == "jazz" or (section.kind == "chorus" and rng.random() < 0.6) else HAT
        hat = hats[section.kind]
        if fill:
            shape = _FILLS[int(rng.integers(len(_FILLS)))]
            first = next(step for step, mark in enumerate(shape) if mark != ".")
            kick, back, hat = (line[:first] + "." * (16 - first) for line in (kick, back, hat))
            notes += _fill(shape, bar, rng)
        notes += steps(kick, KICK, bar) + steps(back, snare[section.kind], bar)
        notes += steps(hat, cymbal, bar, softer=22)
        if bar == section.first and section.kind != "intro":
            notes.append(Note(bar * BEATS, bar * BEATS + 1, CRASH, 84))
        elif not fill and rng.random() < 0.25:
            notes.append(Note(bar * BEATS + 3.5, bar * BEATS + 3.9, OPEN_HAT, 78))
    return notes


def _varied(pattern: str, rng: np.random.Generator) -> str:
    """Now and then one more ghost note."""
    if rng.random() > 0.25:
        return pattern
    step = int(rng.choice((3, 7, 9, 11, 14, 15)))
    return pattern if pattern[step] != "." else pattern[:step] + "o" + pattern[step + 1 :]


def _fill(shape: str, bar: int, rng: np.random.Generator) -> list[Note]:
    """A run down from the snare over the toms."""
    hits = [step for step, mark in enumerate(shape) if mark != "."]
    path = np.linspace(0, len(TOMS), len(hits)) + rng.uniform(-0.4, 0.4, len(hits))
    drums_hit = [SNARE if place < 0.8 else TOMS[min(int(place - 0.8), 3)] for place in path]
    start = bar * BEATS
    return [
        Note(start + step / 4, start + step / 4 + 0.2, drum, 92 + 2 * place)
        for place, (step, drum) in enumerate(zip(hits, drums_hit, strict=True))
    ]


def shaker(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """A tambourine on eighths or sixteenths with the backbeat accented."""
    pattern = ("o.x.X.x.o.x.X.x.", "oxoxXoxooxoxXoxo", "....X.......X.x.")[int(rng.integers(3))]
    return [note for bar in part.bars for note in steps(pattern, TAMBOURINE, bar)]


def hand_drums(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """Bongos or congas, with a shaker."""
    high, low = ((60, 61), (62, 64), (63, 64))[int(rng.integers(3))]
    pattern_high = ("x..o..x.x..o..x.", "..x...x...x.x...", "x.o.x.ox..o.x.o.")[int(rng.integers(3))]
    pattern_low = ("....x..x....x.x.", "x.......x......x", "...x...x..x...x.")[int(rng.integers(3))]
    notes: list[Note] = []
    for bar in part.bars:
        notes += steps(_varied(pattern_high, rng), high, bar) + steps(_varied(pattern_low, rng), low, bar)
        notes += steps("o.x.o.x.o.x.o.x.", SHAKER_DRUM, bar, softer=20)
    return notes


def bass(song: Song, part: Part, rng: np.random.Generator) -> list[Note]:
    """A figure per kind of section on the root, fifth and octave of each chord, leading into the next root."""
    figures = _FIGURES[song.style]
    kinds = sorted({section.kind for section in song.sections})
    choice = {kind: figures[int(rng.integers(len(figures)))] for kind in kinds}
    notes = []
    for bar in part.bars:
        for beat, length, tone in choice[song.section(bar).kind]:
            pitch = _bass_pitch(song, part, bar, beat, tone, rng)
            start = bar * BEATS + beat
            notes.append(Note(start, start + length, pitch, 100 if beat == 0 else 88))
    return notes


def _bass_pitch(song: Song, part: Part, bar: int, beat: float, tone: str, rng: np.random.Generator) -> int:
    """The pitch of a figure's tone over the chord of the moment."""
    harmony = song.chord_at(bar, beat)
    root = at_or_above(harmony.root, part.instrument.low)
    if tone == "A":
        target = at_or_above(song.chord_at(bar + 1, 0).root, part.instrument.low)
        return target + int(rng.choice((-1, 1, 2))) if target > part.instrument.low else target + 1
    if tone == "5":
        return at_or_above(harmony.fifth, root)
    if tone == "3":
        return at_or_above(harmony.classes[1], root)
    return root + 12 if tone == "8" else root
