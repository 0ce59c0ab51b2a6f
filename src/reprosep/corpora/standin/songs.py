"""The plan of a song: key, tempo, form, chords, and in which bars each instrument plays.

Conventions
-----------
Songs are in 4/4; a bar is 4 beats; times inside a song are counted in beats until they are performed.
The tempo is trimmed so that the song is a whole number of bars. Each instrument's bars are chosen whole sections first,
quiet sections dropped before loud ones, so that instruments enter and leave as the form moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprosep.corpora.standin.casting import cast, style_of
from reprosep.corpora.standin.draws import artist_name, evenly, song_code, song_title, stream
from reprosep.corpora.standin.harmony import PROGRESSIONS, Chord, chord
from reprosep.corpora.standin.instruments import GROUPS, INSTRUMENTS, PRESENCE, Instrument

BEATS = 4  # per bar

_TEMPI = {
    "rock": (100, 150),
    "pop": (90, 128),
    "funk": (88, 116),
    "folk": (78, 124),
    "ballad": (70, 86),
    "electronic": (108, 140),
    "jazz": (92, 150),
}
_MODES = ("major", "minor", "major", "minor", "dorian", "mixolydian")
_ENERGY = {"intro": 0.2, "verse": 0.55, "chorus": 1.0, "bridge": 0.45, "solo": 0.6, "outro": 0.3}
# Singing belongs to verse and chorus; melodies of other instruments go where nobody sings.
_SUNG = {"intro": 0.0, "verse": 0.8, "chorus": 1.0, "bridge": 0.5, "solo": 0.1, "outro": 0.1}
_SOLO = {"intro": 0.8, "verse": 0.2, "chorus": 0.5, "bridge": 0.6, "solo": 1.0, "outro": 0.7}
_SPARSE = ("melody", "lead vocal", "shaker", "stabs")  # roles that rest inside the bars they play
_ARTIST_RUNS = (1, 2, 1, 3, 2)  # songs per artist, repeated


@dataclass(frozen=True)
class Section:
    """A stretch of bars with one character: verse, chorus, …"""

    kind: str
    first: int
    bars: int


@dataclass(frozen=True)
class Part:
    """One instrument of a song and the bars in which it plays."""

    number: int
    instrument: Instrument
    program: int
    pan: float  # -1 left to 1 right
    playing: tuple[bool, ...]

    @property
    def bars(self) -> list[int]:
        """The bars in which it plays."""
        return [bar for bar, playing in enumerate(self.playing) if playing]


@dataclass(frozen=True)
class Song:
    """Everything that is decided before a note is written."""

    code: int
    seed: int
    artist: str
    title: str
    style: str
    tonic: int
    mode: str
    seconds: float
    beat_seconds: float
    swing: float  # delay of the off-beat eighths, in beats
    sections: tuple[Section, ...]
    chords: tuple[tuple[Chord, ...], ...]  # per bar, one or two
    parts: tuple[Part, ...]

    @property
    def bars(self) -> int:
        """Number of bars."""
        return len(self.chords)

    def stream(self, purpose: str) -> np.random.Generator:
        """A random stream of this song."""
        return stream(self.seed, self.code, purpose)

    def section(self, bar: int) -> Section:
        """The section that a bar belongs to."""
        return next(section for section in self.sections if section.first <= bar < section.first + section.bars)

    def chord_at(self, bar: int, beat: float) -> Chord:
        """The chord that sounds at a beat (0 to 4) of a bar."""
        harmony = self.chords[min(bar, self.bars - 1)]
        return harmony[min(int(beat * len(harmony) / BEATS), len(harmony) - 1)]


def plan_song(
    layout: str, index: int, split: str, *, seed: int, seconds: float, presence: Mapping[str, float] | None = None
) -> Song:
    """Plan song `index` of a split; the same arguments always give the same song, and Flakh has the songs of Slakh.

    `presence` is the share of songs that hold a class, where it is not that of the real corpora.
    """
    layout = "slakh" if layout == "flakh" else layout
    code, salt = song_code(layout, split, index), f"{layout}/{split}"
    rng = stream(seed, code, "plan")
    style = style_of(seed, index, salt)
    slowest, fastest = _TEMPI[style]
    bars = max(1, round(seconds * rng.uniform(slowest, fastest) / 60 / BEATS))
    sections = _form(bars, rng)
    mode = str(rng.choice(_MODES))
    tonic = int(rng.integers(12))
    names = cast(layout, seed, index, salt, style, rng, PRESENCE | dict(presence or {}))
    parts = tuple(_part(number, name, sections, seconds, rng, (seed, index, salt)) for number, name in enumerate(names))
    artist, title = _names(layout, split, index, seed)
    return Song(
        code=code,
        seed=seed,
        artist=artist,
        title=title,
        style=style,
        tonic=tonic,
        mode=mode,
        seconds=seconds,
        beat_seconds=seconds / bars / BEATS,
        swing=float(rng.uniform(0.1, 0.16)) if style == "jazz" or rng.random() < 0.12 else 0.0,
        sections=sections,
        chords=_chords(sections, tonic, mode, style, rng),
        parts=_filled(parts, bars),
    )


def _names(layout: str, split: str, index: int, seed: int) -> tuple[str, str]:
    """Artist and title: MUSDB-like artists have one song each and never cross splits, MedleyDB-like one to three."""
    seed ^= song_code(layout, "names", 0)  # the two corpora have bands of their own
    if layout == "musdb":
        number = 2 * index + (split == "test")
        return artist_name(seed, number), song_title(seed, number)
    turn, place = divmod(index, sum(_ARTIST_RUNS))
    run = next(i for i in range(len(_ARTIST_RUNS)) if place < sum(_ARTIST_RUNS[: i + 1]))
    return artist_name(seed, turn * len(_ARTIST_RUNS) + run), song_title(seed, index)


def _form(bars: int, rng: np.random.Generator) -> tuple[Section, ...]:
    """Cut `bars` into sections of 1, 2, 4 or 8 bars, about eight or more of them in a song of usual length."""
    unit = next(size for size in (8, 4, 2, 1) if bars >= 7 * size or size == 1)
    count = max(1, round(bars / unit))
    middle = ["verse", "chorus"] * count
    if count >= 7:
        middle.insert(4, "solo" if rng.random() < 0.5 else "bridge")
    kinds = ["intro", *middle][:count]
    if count >= 4:
        kinds[-1] = "outro"
    edges = np.linspace(0, bars, count + 1).round().astype(int)
    return tuple(
        Section(kind, int(first), int(last - first)) for kind, first, last in zip(kinds, edges, edges[1:], strict=False)
    )


def _chords(
    sections: tuple[Section, ...], tonic: int, mode: str, style: str, rng: np.random.Generator
) -> tuple[tuple[Chord, ...], ...]:
    """A progression per kind of section, turned through its bars; one bar in six changes chord in the middle."""
    seventh = rng.random() < (0.95 if style in ("jazz", "funk") else 0.2)
    kinds = sorted({section.kind for section in sections})
    turns = {kind: PROGRESSIONS[mode][int(rng.integers(len(PROGRESSIONS[mode])))] for kind in kinds}
    split = {kind: int(rng.integers(4)) if rng.random() < 0.6 else -1 for kind in kinds}
    bars = []
    for section in sections:
        turn = turns[section.kind]
        for bar in range(section.bars):
            degrees = [turn[bar % 4]] + ([turn[(bar + 2) % 4]] if bar % 4 == split[section.kind] else [])
            bars.append(tuple(chord(tonic, mode, degree, seventh) for degree in degrees))
    return tuple(bars)


def _part(
    number: int,
    name: str,
    sections: tuple[Section, ...],
    seconds: float,
    rng: np.random.Generator,
    place: tuple[int, int, str],
) -> Part:
    """Choose program, position and bars of one instrument."""
    instrument = INSTRUMENTS[name]
    seed, index, salt = place
    dimension = f"{instrument.group} share"
    spread = evenly(seed, dimension, index, salt) if instrument.group in GROUPS else rng.random()
    # The mean of 2u is 1: most songs lie close to full, a few far below, as in the real corpora.
    share = (
        1 - (1 - instrument.share) * 2 * spread if instrument.share > 0.5 else instrument.share * (0.6 + 0.8 * spread)
    )
    least = (10.0 if instrument.role in _SPARSE else 7.0) / seconds if seconds >= 20 else 0.5
    playing = _bars(sections, share, least, _taste(instrument), rng)
    centred = instrument.group in ("bass", "drums") or instrument.role == "lead vocal"
    pan = rng.uniform(-0.08, 0.08) if centred else rng.choice((-1, 1)) * rng.uniform(0.2, 0.75)
    program = int(rng.choice(instrument.programs)) if instrument.programs else int(rng.integers(1 << 16))
    return Part(number, instrument, program, float(pan), playing)


def _taste(instrument: Instrument) -> dict[str, float]:
    """How much each kind of section wants the instrument."""
    if instrument.group == "vocals":
        return _SUNG
    return _SOLO if instrument.role == "melody" else _ENERGY


def _bars(
    sections: tuple[Section, ...], share: float, least: float, taste: dict[str, float], rng: np.random.Generator
) -> tuple[bool, ...]:
    """Silence the least wanted sections until `share` of the bars is left, never less than `least`."""
    total = sections[-1].first + sections[-1].bars
    playing = np.ones(total, dtype=bool)
    surplus = int(total * (1 - share) + rng.random())  # unbiased rounding
    surplus = min(surplus, total - int(np.ceil(least * total)))
    wish = {section.first: taste[section.kind] + rng.normal(0, 0.35) for section in sections}
    for section in sorted(sections, key=lambda section: wish[section.first]):
        silent = min(section.bars, surplus)
        # The last section to fall silent does so in part: the instrument enters late, or leaves early.
        first = section.first if rng.random() < 0.7 else section.first + section.bars - silent
        playing[first : first + silent] = False
        surplus -= silent
    return tuple(bool(bar) for bar in playing)


def _filled(parts: tuple[Part, ...], bars: int) -> tuple[Part, ...]:
    """Let somebody play in every bar: the part that plays most nearby takes a bar that would be empty."""
    counts = np.sum([part.playing for part in parts], axis=0)
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return parts
    busiest = max(parts, key=lambda part: sum(part.playing))
    playing = tuple(on or bar in empty for bar, on in zip(range(bars), busiest.playing, strict=True))
    changed = Part(busiest.number, busiest.instrument, busiest.program, busiest.pan, playing)
    return tuple(changed if part is busiest else part for part in parts)
