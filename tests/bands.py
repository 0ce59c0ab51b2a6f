"""Small songs in MIDI: a band of few seconds, with what a test wants changed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from pretty_midi import Instrument, Note, PrettyMIDI

from reprosep.synthesis.midi import Song, parse

PIANO, GUITAR, BASS, DRUMS, SYNTH, HELICOPTER = 0, 27, 33, -1, 81, 125
BAND = (PIANO, GUITAR, BASS, DRUMS, SYNTH, HELICOPTER)
NOTES = 12


def track(program: int, seed: int, notes: int = NOTES, seconds: float = 3.0) -> Instrument:
    """A track of short random notes; drums have the program -1."""
    rng = np.random.default_rng([seed, program + 1])
    drums = program == DRUMS
    instrument = Instrument(0 if drums else program, drums)
    low, high = (35, 50) if drums else (30, 45) if program == BASS else (50, 80)
    for start in np.linspace(0.05, seconds - 0.4, notes):
        pitch, velocity = int(rng.integers(low, high)), int(rng.integers(60, 110))
        instrument.notes.append(Note(velocity, pitch, float(start), float(start) + 0.3))
    return instrument


def band(seed: int = 1, programs: tuple[int, ...] = BAND, **settings: Any) -> PrettyMIDI:
    """A song with one track per program."""
    midi = PrettyMIDI()
    midi.instruments = [track(program, seed + 100 * number, **settings) for number, program in enumerate(programs)]
    return midi


def write_band(path: Path, seed: int = 1, programs: tuple[int, ...] = BAND, **settings: Any) -> Path:
    """The same as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    band(seed, programs, **settings).write(str(path))
    return path


def song_of(midi: PrettyMIDI) -> Song:
    """The same as it is read from a file."""
    content = io.BytesIO()
    midi.write(content)
    return parse(content.getvalue())
