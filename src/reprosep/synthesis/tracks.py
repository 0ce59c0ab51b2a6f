"""The tracks of a MIDI file: their class, how they are played, and their events.

Conventions
-----------
A track is one instrument as pretty_midi tells them apart: one program of one channel. Programs are General MIDI,
counted from 0; drums have Slakh's number 128.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reprosep.synthesis.fluidsynth import Event, Kind
from reprosep.synthesis.programs import DRUMS, PROGRAMS

if TYPE_CHECKING:
    from pretty_midi import Instrument, PrettyMIDI

BAND = (*PROGRAMS, "drums")  # piano, guitar, bass, drums: what every song must have
_LOW_DRUMS = range(28, 36)
_KICK = 36  # drum patches have their kick here, and nothing below
_HIGHEST_PITCH = 127


def program_of(instrument: Instrument) -> int:
    """General MIDI's number, or 128 for drums."""
    return DRUMS if instrument.is_drum else int(instrument.program)


def family_of(instrument: Instrument) -> str:
    """Piano, guitar, bass or drums; empty for all others."""
    if instrument.is_drum:
        return "drums"
    return next((name for name, programs in PROGRAMS.items() if instrument.program in programs), "")


def as_played(instrument: Instrument, bass_semitones: int, low_drums: bool) -> Instrument:
    """The track as patches are played: bass notes moved, and with `low_drums` the drum notes 28 to 35 as the kick."""
    played = copy.deepcopy(instrument)
    family = family_of(instrument)
    for note in played.notes:
        if family == "bass":
            note.pitch = int(np.clip(note.pitch + bass_semitones, 0, _HIGHEST_PITCH))
        elif family == "drums" and low_drums and note.pitch in _LOW_DRUMS:
            note.pitch = _KICK
    return played


def events_of(instrument: Instrument, channel: int = 0) -> list[Event]:
    """Notes, pitch bends and control changes, on one channel; notes without length are left out."""
    events = [
        Event(float(change.time), Kind.CONTROL, channel, change.number, change.value)
        for change in instrument.control_changes
    ]
    events += [Event(float(bend.time), Kind.BEND, channel, bend.pitch, 0) for bend in instrument.pitch_bends]
    for note in instrument.notes:
        if note.end > note.start:
            events.append(Event(float(note.start), Kind.NOTE_ON, channel, note.pitch, note.velocity))
            events.append(Event(float(note.end), Kind.NOTE_OFF, channel, note.pitch, 0))
    return events


def seconds_of(midi: PrettyMIDI) -> float:
    """When the last note ends."""
    return float(max((note.end for track in midi.instruments for note in track.notes), default=0.0))


def alone(midi: PrettyMIDI, instruments: Sequence[Instrument]) -> PrettyMIDI:
    """The same song with these tracks only, tempo and time signatures kept."""
    part = copy.copy(midi)
    part.instruments = list(instruments)
    return part


def counts_of(instruments: Iterable[Instrument]) -> dict[str, int]:
    """Notes of piano, guitar, bass and drums."""
    counts = dict.fromkeys(BAND, 0)
    for instrument in instruments:
        if family := family_of(instrument):
            counts[family] += len(instrument.notes)
    return counts
