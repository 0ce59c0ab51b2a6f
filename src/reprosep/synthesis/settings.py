"""How songs are rendered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SongSettings:
    """How a song is rendered; by default as the authors' code does it.

    `bass_semitones` is added to all bass notes, which the authors' bass patches need. With `low_drums` the drum notes
    28 to 35 are played as the kick. `loudness` is that of the stems in LUFS, `peak` is in dBFS. `flakh` renders the
    plain version: FluidSynth alone, without effects, mixing by loudness and changed notes.
    """

    sample_rate: int = 44100
    tail_seconds: float = 5.0
    bass_semitones: int = 12
    low_drums: bool = True
    loudness: float = -13.0
    peak: float = -1.0
    flakh: bool = False
