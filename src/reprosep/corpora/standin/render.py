"""From notes to stems: FluidSynth or singing, effects, position, gate, level.

Conventions
-----------
Audio is float32 `(samples, 2)` while it is worked on and int16 when it is written; a mixture is the exact integer
sum of its stems. A stem is the same bytes whenever it is rendered.
"""

from __future__ import annotations

import shutil

import numpy as np

from reprosep.base.errors import UserError
from reprosep.corpora.standin.compose import compose
from reprosep.corpora.standin.effects import chain
from reprosep.corpora.standin.notes import Note
from reprosep.corpora.standin.sing import SYLLABLES, VOICES, VOWELS, at_rate, sing
from reprosep.corpora.standin.songs import Part, Song
from reprosep.synthesis.fluidsynth import Event, Kind, is_installed, play
from reprosep.synthesis.loudness import loudness_of

_GATE = 1e-3  # -60 dB below the peak of the stem
_MIXTURE_PEAK = 0.92
_STEM_PEAK = 0.85
_FAINTEST = -40.0  # LUFS where a stem plays
_HOW = "install them with 'apt-get install fluidsynth espeak-ng' or 'conda install -c conda-forge fluidsynth espeak-ng'"


def require_synthesisers() -> None:
    """Raise :class:`UserError` when the FluidSynth library or espeak-ng is missing."""
    missing = [] if shutil.which("espeak-ng") else ["espeak-ng"]
    if not is_installed():
        missing.insert(0, "fluidsynth")
    if missing:
        raise UserError(f"{' and '.join(missing)}: not found, and the stand-in songs are rendered with it; {_HOW}")


def render_stems(song: Song, sample_rate: int) -> list[np.ndarray]:
    """All stems of a song as int16 `(samples, 2)`, in the order of its parts; their sum never clips."""
    return quantised([render_part(song, part, sample_rate) for part in song.parts], sample_rate)


def render_part(song: Song, part: Part, sample_rate: int) -> np.ndarray:
    """One stem as float32 `(samples, 2)`, at the loudness of its instrument, silent where nothing plays."""
    samples = round(song.seconds * sample_rate)
    notes = compose(song, part)
    rng = song.stream(f"sound {part.number}")
    if part.instrument.group == "vocals":
        dry = _sung(song, part, notes, sample_rate, samples)
    else:
        dry = _played(part, notes, sample_rate, samples)
    dry *= 0.3 / max(float(np.abs(dry).max()), 1e-9)  # compressors and distortions see one level
    wet = chain(part.instrument.effects, rng)(dry.T, sample_rate).T
    placed = wet * np.sqrt([1 - part.pan, 1 + part.pan]).astype(np.float32)
    return _level(_gated(placed, sample_rate), part.instrument.loudness + float(rng.normal(0, 1.5)), sample_rate)


def quantised(stems: list[np.ndarray], sample_rate: int) -> list[np.ndarray]:
    """int16 stems with one common gain, so that neither a stem nor the mixture clips and none is inaudible."""
    loudness = np.array([loudness_of(stem, sample_rate) for stem in stems])
    gain = _common_gain(stems)
    while (deficit := _FAINTEST - (loudness + 20 * np.log10(gain))).max() > 0:
        lift = np.maximum(deficit, 0.0) + (deficit > 0)
        stems = [stem * np.float32(10 ** (decibels / 20)) for stem, decibels in zip(stems, lift, strict=True)]
        loudness, gain = loudness + lift, _common_gain(stems)
    return [np.round(stem * (gain * 32767)).astype(np.int16) for stem in stems]


def _common_gain(stems: list[np.ndarray]) -> float:
    """The gain that brings the mixture, or a stem that is louder, to its peak level."""
    peak = max(float(np.abs(np.sum(stems, axis=0)).max()), 1e-9)
    loudest = max(float(np.abs(stem).max()) for stem in stems)
    return min(_MIXTURE_PEAK / peak, _STEM_PEAK / max(loudest, 1e-9))


def _sung(song: Song, part: Part, notes: list[Note], sample_rate: int, samples: int) -> np.ndarray:
    """A vocal stem, dry: one voice, few words that come back."""
    sex = part.instrument.name.split()[-1]
    rng = song.stream(f"words {part.number}")
    voice = VOICES[sex][part.program % len(VOICES[sex])]
    favourites = (
        VOWELS if part.instrument.role == "backing vocal" else [str(w) for w in rng.permutation(SYLLABLES)[:10]]
    )
    words = [favourites[int(i)] for i in rng.integers(len(favourites), size=len(notes))]
    wave = at_rate(sing(notes, voice, words, song.seconds, rng), sample_rate, samples)
    return np.repeat(wave.astype(np.float32)[:, None], 2, axis=1)


def _played(part: Part, notes: list[Note], sample_rate: int, samples: int) -> np.ndarray:
    """A stem played by FluidSynth, dry."""
    events = [Event(note.start, Kind.NOTE_ON, 0, note.pitch, note.velocity) for note in notes]
    events += [Event(note.end, Kind.NOTE_OFF, 0, note.pitch, 0) for note in notes]
    preset = (128 if part.instrument.percussion else 0, part.program)
    return np.ascontiguousarray(play(sorted(events), [preset], sample_rate, samples).T)


def _gated(stem: np.ndarray, sample_rate: int) -> np.ndarray:
    """Exact zeros where the stem stays 60 dB below its peak, faded over about 10 ms; a fade at the end."""
    block = max(sample_rate // 100, 1)
    padded = np.pad(stem, ((0, -len(stem) % block), (0, 0)))
    level = np.abs(padded).max(axis=1).reshape(-1, block).max(axis=1)
    active = np.pad(level > _GATE * max(float(level.max()), 1e-9), 1)
    opened = active[1:-1] | active[:-2] | active[2:]
    opened[-1] = False
    centres = (np.arange(len(opened)) + 0.5) * block
    # Blocks next to an open one carry the fade; closed blocks on both sides stay at exactly zero.
    gain = np.interp(np.arange(len(stem)), centres, opened.astype(float))
    return np.asarray(stem * gain[:, None], dtype=np.float32)


def _level(stem: np.ndarray, loudness: float, sample_rate: int) -> np.ndarray:
    """Bring the stem to `loudness` LUFS where it plays."""
    return np.asarray(stem * np.float32(10 ** ((loudness - loudness_of(stem, sample_rate)) / 20)))
