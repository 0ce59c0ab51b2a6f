"""MIDI files as they are played: every event at its time, in the file's order, and one track per instrument.

Conventions
-----------
Events of all tracks are one sequence, as the standard's players have it: by tick, then by track, then as written. Tempo
counts wherever it stands. What a channel is told (programs, controllers, bends, pressure, the end of a pitch) holds for
all tracks that play on it; tracks of different ports have channels of their own, which FluidSynth does not tell apart.
A track is one instrument as Slakh2100 tells them apart: one program of one channel in one track of the file. Programs
are General MIDI, counted from 0; channel 10 has the drums. Notes belong to the program that their channel has when they
begin.

Left out: system exclusive messages but General MIDI's reset, as FluidSynth leaves out what is addressed to other
devices; and the channel modes (controllers 124 to 127), which FluidSynth knows for its first channel only. Where a
pedal holds a pitch that another program of its channel plays again, FluidSynth lets it go, and here it is held.

References
----------
Standard MIDI Files 1.0; the player of FluidSynth 2.3: src/midi/fluid_midi.c
"""

from __future__ import annotations

import heapq
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import NamedTuple

from mido import Message, MetaMessage, MidiFile, MidiTrack

DRUM_CHANNEL = 9
_LARGEST = 4 * 2**20  # bytes; reading takes 300 times as much memory
_LONGEST_NUMBER = re.compile(rb"[\x80-\xff]{4096}")  # mido reads numbers of any length, in quadratic time
_DEFAULT_TEMPO = 500_000  # microseconds per quarter note
_MIDDLE = 64
_MODES = range(124, 128)  # omni and mono
_GENERAL_MIDI_ON = (0x09, (1, 3))  # GM and GM2 System On
# What General MIDI's reset does to a channel, as controllers: sound off, pedals and bends at rest, volume and pan as
# they begin, bends of two semitones.
_RESET = ((120, 0), (121, 0), (7, 100), (10, _MIDDLE), (101, 0), (100, 0), (6, 2), (38, 0), (101, 127), (100, 127))
_PEDALS = (64, 66)
_CONDUCTED = ("set_tempo", "time_signature", "key_signature", "lyrics", "text")
_OF_CHANNELS = ("control_change", "pitchwheel", "aftertouch", "polytouch")


class Played(NamedTuple):
    """One message at its place: `order` among all events of the song, the tick and the time."""

    order: int
    tick: int
    seconds: float
    message: Message


class Note(NamedTuple):
    """A note; times in seconds."""

    pitch: int
    velocity: int
    start: float
    end: float


@dataclass(frozen=True)
class Track:
    """One instrument. `own` are the beginnings and ends of its notes, `common` what its channel is told."""

    program: int
    is_drum: bool
    name: str
    own: list[Played]
    common: list[Played]
    notes: list[Note]

    def played(self) -> Iterator[Played]:
        """All that decides how it sounds, in order."""
        return heapq.merge(self.own, self.common, key=attrgetter("order"))


@dataclass(frozen=True)
class Song:
    """A MIDI file; `conductor` are its tempo, signatures and texts, `content` its bytes."""

    content: bytes
    ticks_per_beat: int
    conductor: list[Played]
    tracks: list[Track]


def read_midi(path: Path) -> Song:
    """A file; see :func:`parse`."""
    if (size := path.stat().st_size) > _LARGEST:
        raise ValueError(f"{size} bytes, more than the {_LARGEST} that a song may have")
    return parse(path.read_bytes())


def parse(content: bytes) -> Song:
    """The song of a MIDI file.

    Raises
    ------
    ValueError
        When its tracks or its time are of a kind that cannot be played.
    Exception
        Whatever mido raises on files that are none, or broken.
    """
    if _LONGEST_NUMBER.search(content):
        raise ValueError("no music: 4096 bytes in a row that are no data bytes of MIDI")
    file = MidiFile(file=io.BytesIO(content))
    if file.type not in (0, 1):
        raise ValueError(f"type {file.type}, whose tracks are songs of their own; save it as type 1")
    if file.ticks_per_beat <= 0:
        found = "film frames (SMPTE)" if file.ticks_per_beat else "0 ticks per quarter note"
        raise ValueError(f"its time is counted in {found}; save it with ticks per quarter note")
    reader = _Reader(file.ticks_per_beat, [_name(track) for track in file.tracks])
    for order, (tick, number, message) in enumerate(_in_order(file.tracks)):
        reader.take(order, tick, number, message)
    return Song(content, file.ticks_per_beat, reader.conductor, reader.tracks())


def write(path: Path, song: Song, track: Track) -> None:
    """The song with this track only, tempo and signatures kept, as a file of type 1."""
    conductor = _relative((event.tick, event.message) for event in song.conductor)
    MidiFile(type=1, ticks_per_beat=song.ticks_per_beat, tracks=[conductor, _written(track)]).save(path)


def _written(track: Track) -> MidiTrack:
    channel = DRUM_CHANNEL if track.is_drum else 0
    messages: list[tuple[int, Message]] = [(0, Message("program_change", channel=channel, program=track.program))]
    if track.name:
        messages.insert(0, (0, MetaMessage("track_name", name=track.name)))
    messages += [(event.tick, event.message.copy(channel=channel)) for event in track.played()]
    return _relative(messages)


def _relative(messages: Iterable[tuple[int, Message]]) -> MidiTrack:
    """A track of messages that lie at these ticks."""
    track, last = MidiTrack(), 0
    for tick, message in messages:
        track.append(message.copy(time=tick - last))
        last = tick
    return track


# ---- reading ---------------------------------------------------------------------------------------------------------


def _in_order(tracks: Sequence[MidiTrack]) -> Iterator[tuple[int, int, Message]]:
    """Tick, number of the track and message of all events, as they are played."""
    return heapq.merge(
        *(_until_its_end(number, track) for number, track in enumerate(tracks)), key=lambda event: event[0]
    )


def _until_its_end(number: int, track: MidiTrack) -> Iterator[tuple[int, int, Message]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, number, message
        if message.type == "end_of_track":
            break


def _name(track: MidiTrack) -> str:
    return next((message.name for message in track if message.type == "track_name"), "")


@dataclass
class _Channel:
    """What a channel was told so far, and what is held on it: the track of a pitch and the number of its note."""

    number: int
    program: int = 0
    common: list[Played] = field(default_factory=list)
    held: dict[int, tuple[Track, int]] = field(default_factory=dict)


class _Reader:
    """Takes the messages of a file one by one, in order."""

    def __init__(self, ticks_per_beat: int, names: list[str]) -> None:
        self.conductor: list[Played] = []
        self._per_beat = ticks_per_beat
        self._names = names
        self._ports = [0] * len(names)
        self._channels: dict[tuple[int, int], _Channel] = {}
        self._tracks: dict[tuple[int, int, int, int], Track] = {}
        self._since = (0, 0.0)  # tick and time of the last change of tempo
        self._per_tick = _DEFAULT_TEMPO / 1e6 / ticks_per_beat
        self._last = (0, 0)

    def take(self, order: int, tick: int, number: int, message: Message) -> None:
        """Do what a message of track `number` says."""
        self._last = (order, tick)
        if message.type in _CONDUCTED:
            self.conductor.append(Played(order, tick, self._seconds(tick), message))
        if message.type == "set_tempo":
            self._set_tempo(tick, message.tempo)
        elif message.type == "midi_port":
            self._ports[number] = message.port
        elif message.type == "sysex" and _is_reset(message):
            for channel in self._channels.values():
                self._reset(channel, order, tick)
        elif hasattr(message, "channel"):
            self._on_channel(Played(order, tick, self._seconds(tick), message), number)

    def tracks(self) -> list[Track]:
        """All instruments, those of a track of the file one after the other; what is still held ends with the song."""
        for channel in self._channels.values():
            for control in _PEDALS:
                message = Message("control_change", channel=channel.number, control=control, value=0)
                channel.common.append(self._at_the_end(message))
            for pitch in list(channel.held):
                self._end(channel, self._at_the_end(Message("note_off", channel=channel.number, note=pitch)))
        return [self._tracks[key] for key in sorted(self._tracks, key=itemgetter(0))]

    def _at_the_end(self, message: Message) -> Played:
        order, tick = self._last
        return Played(order + 1, tick, self._seconds(tick), message)

    def _seconds(self, tick: int) -> float:
        since, seconds = self._since
        return seconds + (tick - since) * self._per_tick

    def _set_tempo(self, tick: int, tempo: int) -> None:
        if tempo == 0:
            raise ValueError("a tempo of 0 microseconds per quarter note; expected one above")
        self._since = (tick, self._seconds(tick))
        self._per_tick = tempo / 1e6 / self._per_beat

    def _reset(self, channel: _Channel, order: int, tick: int) -> None:
        channel.program = 0
        for control, value in _RESET:
            message = Message("control_change", channel=channel.number, control=control, value=value)
            channel.common.append(Played(order, tick, self._seconds(tick), message))
        for pitch in list(channel.held):
            message = Message("note_off", channel=channel.number, note=pitch)
            self._end(channel, Played(order, tick, self._seconds(tick), message))

    def _on_channel(self, event: Played, number: int) -> None:
        message, port = event.message, self._ports[number]
        channel = self._channels.setdefault((port, message.channel), _Channel(message.channel))
        if message.type == "program_change":
            channel.program = message.program
        elif message.type == "note_on" and message.velocity:
            self._begin(channel, event, self._track(channel, number, port))
        elif message.type in ("note_on", "note_off"):
            self._end(channel, event._replace(message=_note_off(message)))
        elif message.type in _OF_CHANNELS and not (message.type == "control_change" and message.control in _MODES):
            channel.common.append(event)

    def _track(self, channel: _Channel, number: int, port: int) -> Track:
        key = (number, port, channel.number, channel.program)
        if key not in self._tracks:
            drums = channel.number == DRUM_CHANNEL
            self._tracks[key] = Track(channel.program, drums, self._names[number], [], channel.common, [])
        return self._tracks[key]

    def _begin(self, channel: _Channel, event: Played, track: Track) -> None:
        """A note ends the one of its pitch, which a synthesiser sees to itself within a track."""
        message = event.message
        if message.note in channel.held and channel.held[message.note][0] is not track:
            self._end(channel, event._replace(message=_note_off(message)))
        elif message.note in channel.held:
            self._release(channel, message.note, event.seconds)
        channel.held[message.note] = (track, len(track.notes))
        track.notes.append(Note(message.note, message.velocity, event.seconds, event.seconds))
        track.own.append(event)

    def _end(self, channel: _Channel, note_off: Played) -> None:
        pitch = note_off.message.note
        if pitch in channel.held:
            channel.held[pitch][0].own.append(note_off)
            self._release(channel, pitch, note_off.seconds)

    @staticmethod
    def _release(channel: _Channel, pitch: int, seconds: float) -> None:
        track, number = channel.held.pop(pitch)
        track.notes[number] = track.notes[number]._replace(end=seconds)


def _note_off(message: Message) -> Message:
    """The end of its pitch."""
    if message.type == "note_off":
        return message
    return Message("note_off", skip_checks=True, channel=message.channel, note=message.note)


def _is_reset(message: Message) -> bool:
    kind, modes = _GENERAL_MIDI_ON
    data = message.data
    return len(data) == 4 and data[0] == 0x7E and data[2] == kind and data[3] in modes
