"""Singing: espeak-ng speaks syllables, WORLD replaces their pitch by the melody and stretches the vowel.

References
----------
M. Morise, F. Yokomori, K. Ozawa: WORLD: a vocoder-based high-quality speech synthesis system, IEICE Trans. 2016.

Conventions
-----------
Frames are 5 ms. A syllable keeps its consonants at their natural speed; only the loudest *voiced* frame is stretched
(an unvoiced one would turn into a noise burst). The analysis of a syllable is kept for the life of the process.
"""

from __future__ import annotations

import functools
import io
import subprocess
import warnings
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import cast

import numpy as np
import soundfile
import soxr
from scipy.ndimage import gaussian_filter1d

from reprosep.base.errors import UserError
from reprosep.corpora.standin.notes import Note

VOICE_RATE = 22050
_FRAME_SECONDS = 0.005
_FFT_SIZE = 1024
_ONSET_FRAMES, _CODA_FRAMES = 24, 16
_TRIES = 5
_SILENCE = 1e-3  # of the peak of a spoken word
_MARGIN_SECONDS = 0.03

VOICES = {
    "male": ("en-us+m1", "en-us+m3", "en-us+m7", "en-gb+m2"),
    "female": ("en-us+f1", "en-us+f2", "en-us+f3", "en-gb+f4"),
}
SYLLABLES = (
    "la",
    "na",
    "day",
    "no",
    "see",
    "you",
    "my",
    "way",
    "go",
    "love",
    "heart",
    "time",
    "light",
    "down",
    "long",
    "rain",
    "home",
    "feel",
    "run",
    "moon",
)
VOWELS = ("ah", "ooh")


@dataclass(frozen=True)
class Syllable:
    """WORLD parameters of one spoken syllable: (frame, bin) envelopes, and the frame whose vowel can be held."""

    envelope: np.ndarray
    aperiodicity: np.ndarray
    voiced: np.ndarray
    held: int


def sing(notes: list[Note], voice: str, syllables: list[str], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Sing a melody.

    Parameters
    ----------
    notes: one voice in seconds, ordered, not overlapping.
    syllables: one per note, of :data:`SYLLABLES` or :data:`VOWELS`.

    Returns
    -------
    Mono float64 `(samples,)` at 22.05 kHz, `seconds` long.
    """
    world = _world()
    track = np.zeros(round(seconds * VOICE_RATE) + VOICE_RATE)
    for phrase, words in _phrases(notes, syllables):
        pitch, envelope, aperiodicity = _phrase_frames(phrase, words, voice, rng)
        wave = world.synthesize(pitch, envelope, aperiodicity, VOICE_RATE, _FRAME_SECONDS * 1000)
        first = round(phrase[0].start * VOICE_RATE)
        wave = wave[: len(track) - first]
        track[first : first + len(wave)] += wave
    return track[: round(seconds * VOICE_RATE)]


def at_rate(wave: np.ndarray, sample_rate: int, samples: int) -> np.ndarray:
    """Resample singing to `sample_rate` and cut or pad it to `samples`."""
    resampled = soxr.resample(wave, VOICE_RATE, sample_rate)[:samples]
    return np.pad(resampled, (0, samples - len(resampled)))


def _phrases(notes: list[Note], syllables: list[str]) -> list[tuple[list[Note], list[str]]]:
    """Split where the singer rests for more than 0.12 s."""
    phrases: list[tuple[list[Note], list[str]]] = []
    for note, word in zip(notes, syllables, strict=True):
        if not phrases or note.start - phrases[-1][0][-1].end > 0.12:
            phrases.append(([], []))
        phrases[-1][0].append(note)
        phrases[-1][1].append(word)
    return phrases


def _phrase_frames(
    notes: list[Note], words: list[str], voice: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F0 in Hz `(frame,)`, spectral envelope and aperiodicity `(frame, bin)` of one phrase."""
    edges = [round((note.start - notes[0].start) / _FRAME_SECONDS) for note in notes]
    edges.append(round((notes[-1].end - notes[0].start) / _FRAME_SECONDS))
    counts = [max(last - first, 4) for first, last in pairwise(edges)]
    envelopes, aperiodicities, voicing = [], [], []
    for note, word, count in zip(notes, words, counts, strict=True):
        syllable = analysed(voice, word)
        path = _path(syllable, count)
        level = (note.velocity / 100) ** 2 * _swell(count) ** 2
        envelopes.append(syllable.envelope[path] * level[:, None])
        aperiodicities.append(syllable.aperiodicity[path])
        voicing.append(syllable.voiced[path])
    pitch = np.where(np.concatenate(voicing), _contour([note.pitch for note in notes], counts, rng), 0.0)
    return pitch, np.concatenate(envelopes), np.concatenate(aperiodicities)


def _path(syllable: Syllable, count: int) -> np.ndarray:
    """Which analysed frame sounds in each of `count` frames: onset, held vowel, coda."""
    last = len(syllable.voiced) - 1
    onset = np.arange(max(syllable.held - _ONSET_FRAMES, 0), syllable.held)[-(count // 2) :]
    coda = np.linspace(syllable.held, last, min(_CODA_FRAMES, count // 4) + 1)[1:].round().astype(int)
    return np.concatenate([onset, np.full(count - len(onset) - len(coda), syllable.held), coda])


def _swell(count: int) -> np.ndarray:
    """Amplitude over a note: a quick attack, a slight decline, a short release."""
    attack = np.minimum(1.0, (np.arange(count) + 1) / 6)
    release = np.minimum(1.0, (count - np.arange(count)) / 8)
    return attack * release * np.linspace(1.0, 0.8, count)


def _contour(pitches: list[int], counts: list[int], rng: np.random.Generator) -> np.ndarray:
    """F0 in Hz: glides between notes, vibrato that sets in after a quarter of a second, a little drift."""
    semitones = gaussian_filter1d(np.repeat(np.asarray(pitches, dtype=float), counts), 4.0, mode="nearest")
    age = np.concatenate([np.arange(count) for count in counts]) * _FRAME_SECONDS
    depth = rng.uniform(0.15, 0.3) * np.clip((age - 0.25) / 0.3, 0, 1)
    time = np.arange(len(semitones)) * _FRAME_SECONDS
    vibrato = depth * np.sin(2 * np.pi * rng.uniform(5.0, 6.2) * time + rng.uniform(0, 2 * np.pi))
    drift = 0.6 * gaussian_filter1d(rng.normal(0, 1, len(semitones)), 20.0, mode="nearest")
    return np.asarray(440.0 * 2 ** ((semitones + vibrato + drift - 69) / 12))


def _world() -> ModuleType:
    """pyworld, imported late and quietly: it looks up its version through a deprecated module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    return cast(ModuleType, pyworld)


def _spoken(voice: str, word: str) -> bytes:
    """A wav file of a spoken word: the one that espeak-ng gives twice in a row.

    On a machine under load one syllable of one corpus once came out otherwise; speaking costs little, so it is checked.
    """
    command = ["espeak-ng", "-v", voice, "-s", "130", "--stdout", word]
    last = b""
    for _ in range(_TRIES):
        spoken = subprocess.run(command, check=True, capture_output=True).stdout
        if spoken == last:
            return spoken
        last = spoken
    raise UserError(f"espeak-ng: speaks '{word}' (voice {voice}) differently each time; install another version of it")


def _trimmed(wave: np.ndarray) -> np.ndarray:
    """A spoken word without most of the silence around it, half of what espeak-ng writes."""
    level = np.abs(wave)
    sounding, margin = np.flatnonzero(level > _SILENCE * level.max()), round(_MARGIN_SECONDS * VOICE_RATE)
    return np.ascontiguousarray(wave[max(sounding[0] - margin, 0) : sounding[-1] + margin])


@functools.lru_cache(maxsize=256)
def analysed(voice: str, word: str) -> Syllable:
    """Speak and analyse a syllable once per process; its held frame has unit energy."""
    world = _world()
    wave, rate = soundfile.read(io.BytesIO(_spoken(voice, word)))
    wave = wave if rate == VOICE_RATE else soxr.resample(wave, rate, VOICE_RATE)
    wave = _trimmed(wave)
    # DIO with StoneMask takes a twentieth of Harvest's time, and does not hear a pitch in the silence around a word.
    pitch, times = world.dio(wave, VOICE_RATE, f0_floor=60.0, f0_ceil=400.0, frame_period=_FRAME_SECONDS * 1000)
    pitch = world.stonemask(wave, pitch, times, VOICE_RATE)
    envelope = world.cheaptrick(wave, pitch, times, VOICE_RATE, fft_size=_FFT_SIZE)
    aperiodicity = world.d4c(wave, pitch, times, VOICE_RATE, fft_size=_FFT_SIZE)
    energy = envelope.sum(axis=1)
    sounding = np.flatnonzero(energy > energy.max() * 1e-3)
    first, last = int(sounding[0]), int(sounding[-1]) + 1
    voiced = pitch > 0
    steady = voiced & np.roll(voiced, 2) & np.roll(voiced, -2)
    held = int(np.argmax(np.where(steady, energy, 0.0)))
    cut = slice(first, last)
    return Syllable(envelope[cut] / energy[held], aperiodicity[cut], voiced[cut], held - first)
