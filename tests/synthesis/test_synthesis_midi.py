"""MIDI files as they are read: times, programs, channels and ports, what cannot be played, and the copies of stems."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pretty_midi
import pytest
from mido import Message, MetaMessage, MidiFile, MidiTrack

from reprosep.synthesis.fluidsynth import Kind
from reprosep.synthesis.midi import Song, parse, read_midi, write
from reprosep.synthesis.selection import Limits, examine
from reprosep.synthesis.tracks import counts_of, events_of, events_together, seconds_of

TICKS = 480


def song(*tracks: list[Any], kind: int = 1) -> MidiFile:
    return MidiFile(type=kind, ticks_per_beat=TICKS, tracks=[MidiTrack(track) for track in tracks])


def read(folder: Path, file: MidiFile) -> Song:
    file.save(folder / "a.mid")
    return read_midi(folder / "a.mid")


def note(pitch: int = 60, channel: int = 0, time: int = TICKS) -> list[Message]:
    return [
        Message("note_on", note=pitch, channel=channel),
        Message("note_off", note=pitch, channel=channel, time=time),
    ]


def tempo(value: int, time: int = 0) -> MetaMessage:
    return MetaMessage("set_tempo", tempo=value, time=time)


def program(number: int, channel: int = 0) -> Message:
    return Message("program_change", program=number, channel=channel)


def control(number: int, value: int, channel: int = 0) -> Message:
    return Message("control_change", control=number, value=value, channel=channel)


def test_events_of_one_tick_keep_the_order_of_the_file(tmp_path: Path) -> None:
    order = [(101, 0), (100, 0), (6, 12), (7, 127), (7, 30), (0, 8)]
    (track,) = read(tmp_path, song([*(control(*one) for one in order), *note()])).tracks
    events = [(event.first, event.second) for event in events_of(track)]
    assert events[:6] == order and events[6][0] == events[7][0] == 60
    both = read(tmp_path, song([control(7, 9), *note()], [control(7, 90, 1), *note(64, 1), control(7, 3)])).tracks
    assert [event[2:] for event in events_together(both)[:4]] == [(0, 7, 9), (0, 60, 64), (1, 7, 90), (1, 64, 64)]


def test_tempo_counts_wherever_it_stands(tmp_path: Path) -> None:
    """Of several at one tick the last, whatever the track; half a second per quarter note before any."""
    named = [MetaMessage("track_name", name="song")]
    assert seconds_of(read(tmp_path, song(named, [tempo(1_000_000), *note(time=30 * TICKS)]))) == 30
    assert seconds_of(read(tmp_path, song([tempo(100_000), *note()], [tempo(250_000)]))) == 0.25
    late = song([*note(time=4 * TICKS)], [tempo(1_000_000, 2 * TICKS)])
    assert seconds_of(read(tmp_path, late)) == 2 * 0.5 + 2 * 1.0
    assert seconds_of(read(tmp_path, song([tempo(9), tempo(200_000), *note()], kind=0))) == 0.2


def test_times_of_real_songs_are_those_of_mido(shared_data: Path) -> None:
    if not (shared_data / "midi").is_dir():
        pytest.skip("needs ../shared/data/midi, real General MIDI songs")
    for path in sorted((shared_data / "midi").glob("*/*.mid"))[::20]:
        now, starts = 0.0, []
        for message in MidiFile(path):
            now += message.time
            if message.type == "note_on" and message.velocity:
                starts.append((now, message.note))
        found = sorted((one.start, one.pitch) for track in read_midi(path).tracks for one in track.notes)
        assert [pitch for _, pitch in sorted(starts)] and len(found) == len(starts)
        assert max(abs(one[0] - other[0]) for one, other in zip(found, sorted(starts), strict=True)) < 1e-6, path


def programs(found: Song) -> list[tuple[str, int, int]]:
    return [(track.name, track.program, len(track.notes)) for track in found.tracks]


def test_a_track_is_a_program_of_a_channel_in_a_track_of_the_file(tmp_path: Path) -> None:
    first = [MetaMessage("track_name", name="a"), program(24), *note(), program(33, 1), *note(40, 1)]
    second = [MetaMessage("track_name", name="b"), *note(time=9 * TICKS), program(48), *note(), *note(40, 1)]
    found = read(tmp_path, song(first, second, [*note(36, 9)]))
    assert programs(found) == [("a", 24, 1), ("a", 33, 1), ("b", 24, 1), ("b", 48, 1), ("b", 33, 1), ("", 0, 1)]
    assert [track.is_drum for track in found.tracks] == [False] * 5 + [True]
    assert counts_of(found.tracks) == {"piano": 0, "guitar": 2, "bass": 2, "drums": 1}


def test_a_note_has_the_program_of_its_beginning(tmp_path: Path) -> None:
    held = [program(24), Message("note_on", note=60), program(33), Message("note_off", note=60, time=TICKS), *note()]
    assert programs(read(tmp_path, song(held))) == [("", 24, 1), ("", 33, 1)]


def test_ports_have_channels_of_their_own(tmp_path: Path) -> None:
    """A program and a volume of channel 1 of one port say nothing about channel 1 of the other."""
    ported = [[MetaMessage("midi_port", port=port), program(24 + port), control(7, port), *note()] for port in range(2)]
    found = read(tmp_path, song(*ported))
    assert [track.program for track in found.tracks] == [24, 25]
    assert [next(event.second for event in events_of(track)) for track in found.tracks] == [0, 1]


def test_what_a_channel_is_told_holds_for_all_its_tracks(tmp_path: Path) -> None:
    found = read(tmp_path, song([control(7, 30)], [*note()], [*note(64), control(64, 127)]))
    for track in found.tracks:
        assert [event.second for event in events_of(track) if event.first == 7] == [30]
        pedal = [event.second for event in events_of(track) if event.kind == Kind.CONTROL and event.first == 64]
        assert pedal == [127, 0]  # it is up at the end


def test_a_note_without_an_end_ends_with_the_song(tmp_path: Path) -> None:
    (track,) = read(tmp_path, song([Message("note_on", note=60), *note(64)])).tracks
    assert [(one.pitch, one.end) for one in track.notes] == [(60, 0.5), (64, 0.5)]


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">L", len(content)) + content


def raw(body: bytes, division: int = TICKS, kind: int = 1) -> bytes:
    return chunk(b"MThd", struct.pack(">hhh", kind, 1, division)) + chunk(b"MTrk", body)


END = b"\x00\xff\x2f\x00"
BEAT = b"\x83\x60"  # 480 ticks


def test_what_follows_the_end_of_a_track_is_not_played() -> None:
    assert [len(track.notes) for track in parse(raw(b"\x00\x90\x3c\x40" + BEAT + b"\x80\x3c\x40" + END)).tracks] == [1]
    after = b"\x00\xff\x51\x03\x0f\x42\x40" + BEAT + b"\x90\x40\x40"
    assert parse(raw(b"\x00\x90\x3c\x40" + BEAT + b"\x80\x3c\x40" + END + after)).tracks[0].notes[0].end == 0.5


def test_running_status_and_system_messages_between() -> None:
    """Notes of a running status, ended by velocity 0; a system message and a text in between."""
    body = b"\x00\x90\x3c\x40" + BEAT + b"\x3c\x00" + b"\x00\xf0\x03\x01\x02\xf7" + b"\x00\xff\x01\x01a"
    (track,) = parse(raw(body + b"\x00\x90\x40\x40" + BEAT + b"\x40\x00" + END)).tracks
    assert [(one.pitch, one.start, one.end) for one in track.notes] == [(60, 0.0, 0.5), (64, 0.5, 1.0)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (raw(END, kind=2), "type 2, whose tracks are songs of their own; save it as type 1"),
        (raw(END, division=-6360), r"counted in film frames \(SMPTE\); save it with ticks per quarter note"),
        (raw(END, division=0), "counted in 0 ticks per quarter note; save it with"),
        (raw(b"\x00\xff\x51\x03\x00\x00\x00" + END), "a tempo of 0 microseconds"),
        (raw(b"\xff" * 5000), "4096 bytes in a row"),
        (b"RIFF" + raw(END), "not readable as MIDI"),
        (b"", "not readable as MIDI"),
        (b"MThd" + b"\0" * 2**22, "more than the 4194304 that a song may have"),
    ],
)
def test_what_cannot_be_played_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(content)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(examine(path, Limits()).problem)


def test_the_copy_of_a_stem_is_read_as_the_stem(tmp_path: Path) -> None:
    """By our reader and by pretty_midi: notes, times and what the channel is told; drums on their channel."""
    file = song(
        [tempo(400_000), MetaMessage("time_signature", numerator=3), tempo(900_000, TICKS)],
        [MetaMessage("track_name", name="bass"), program(33, 4), control(7, 90, 4), *note(40, 4), *note(43, 4)],
        [*note(36, 9), *note(38, 9)],
    )
    whole = read(tmp_path, file)
    for track in whole.tracks:
        write(tmp_path / "alone.mid", whole, track)
        (alone,) = read_midi(tmp_path / "alone.mid").tracks
        assert (alone.notes, alone.program, alone.is_drum) == (track.notes, track.program, track.is_drum)
        other = pretty_midi.PrettyMIDI(str(tmp_path / "alone.mid"))
        assert [(one.pitch, round(one.end, 6)) for one in other.instruments[0].notes] == [
            (one.pitch, round(one.end, 6)) for one in track.notes
        ]
        assert other.instruments[0].name == track.name and other.time_signature_changes[0].numerator == 3
