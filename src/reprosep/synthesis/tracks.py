"""The tracks of a song: their class, how they are played, and their events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from mido import Message

from reprosep.synthesis.fluidsynth import Event, Kind
from reprosep.synthesis.midi import Played, Song, Track
from reprosep.synthesis.programs import DRUMS, PROGRAMS

BAND = (*PROGRAMS, "drums")  # piano, guitar, bass, drums: what every song must have
_LOW_DRUMS = range(28, 36)
_KICK = 36  # drum patches have their kick here, and nothing below
_HIGHEST_PITCH = 127


def program_of(track: Track) -> int:
    """General MIDI's number, or Slakh's 128 for drums."""
    return DRUMS if track.is_drum else track.program


def family_of(track: Track) -> str:
    """Piano, guitar, bass or drums; empty for all others."""
    if track.is_drum:
        return "drums"
    return next((name for name, programs in PROGRAMS.items() if track.program in programs), "")


def as_played(track: Track, bass_semitones: int, low_drums: bool) -> Track:
    """The track as patches are played: bass notes moved, and with `low_drums` the drum notes 28 to 35 as the kick."""
    family = family_of(track)

    def moved(pitch: int) -> int:
        if family == "bass":
            return int(np.clip(pitch + bass_semitones, 0, _HIGHEST_PITCH))
        return _KICK if family == "drums" and low_drums and pitch in _LOW_DRUMS else pitch

    def moved_event(event: Played) -> Played:
        if not hasattr(event.message, "note"):
            return event
        return event._replace(message=event.message.copy(note=moved(event.message.note)))

    return replace(
        track,
        own=[moved_event(event) for event in track.own],
        common=[moved_event(event) for event in track.common],
        notes=[note._replace(pitch=moved(note.pitch)) for note in track.notes],
    )


def events_of(track: Track) -> list[Event]:
    """All that decides how it sounds, in order, on the first channel."""
    return [_event(event) for event in track.played()]


def events_together(tracks: Iterable[Track]) -> list[Event]:
    """The events of all tracks in order, every track on a channel of its own."""
    played = [(event.order, channel, event) for channel, track in enumerate(tracks) for event in track.played()]
    return [_event(event, channel) for _, channel, event in sorted(played, key=lambda one: one[:2])]


def _event(played: Played, channel: int = 0) -> Event:
    return Event(played.seconds, *_KINDS[played.message.type](channel, played.message))


_KINDS: dict[str, Callable[[int, Message], tuple[Kind, int, int, int]]] = {
    "note_off": lambda channel, message: (Kind.NOTE_OFF, channel, message.note, 0),
    "control_change": lambda channel, message: (Kind.CONTROL, channel, message.control, message.value),
    "pitchwheel": lambda channel, message: (Kind.BEND, channel, message.pitch, 0),
    "note_on": lambda channel, message: (Kind.NOTE_ON, channel, message.note, message.velocity),
    "aftertouch": lambda channel, message: (Kind.PRESSURE, channel, message.value, 0),
    "polytouch": lambda channel, message: (Kind.KEY_PRESSURE, channel, message.note, message.value),
}


def seconds_of(song: Song) -> float:
    """When the last note ends."""
    return max((note.end for track in song.tracks for note in track.notes), default=0.0)


def counts_of(tracks: Iterable[Track]) -> dict[str, int]:
    """Notes of piano, guitar, bass and drums."""
    counts = dict.fromkeys(BAND, 0)
    for track in tracks:
        if family := family_of(track):
            counts[family] += len(track.notes)
    return counts
