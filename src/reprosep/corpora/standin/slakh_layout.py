"""Stand-in songs as Slakh2100 and Flakh have them: composed, written as MIDI, and rendered by the maker of data sets.

References
----------
Manilow et al., Slakh (WASPAA 2019); the maker: :mod:`reprosep.synthesis`
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mido import Message

from reprosep.base.errors import UserError
from reprosep.corpora.standin.compose import compose
from reprosep.corpora.standin.songs import Song
from reprosep.synthesis import midi
from reprosep.synthesis.patches import default_table, load_table
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.song import make_song
from reprosep.synthesis.splits import NUMBERS

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

_BASS_SEMITONES = 0  # the bundled soundfont's basses sound as written


def track_id(split: str, index: int) -> str:
    """``Track00001``; songs of a split have numbers that Slakh2100-orig's list gives to the same split.

    Raises
    ------
    UserError
        When the split of the real corpus has fewer songs.
    """
    numbers = NUMBERS[split]
    if index >= len(numbers):
        raise UserError(
            f"songs.{split}: song {index + 1} asked for, but Slakh2100's layout has room for {len(numbers)}; "
            "ask for fewer songs"
        )
    return f"Track{numbers[index]:05d}"


def write_slakh(folder: Path, song: Song, sample_rate: int, flakh: bool) -> None:
    """Render a song into `folder`, through patches or as Flakh."""
    settings = SongSettings(sample_rate=sample_rate, bass_semitones=_BASS_SEMITONES, flakh=flakh)
    table = load_table(default_table())
    origin = f"reprosep stand-in/{song.artist} - {song.title}.mid"
    make_song(_performed(to_midi(song)), folder, table, settings, seed=song.seed, origin=origin, seconds=song.seconds)


def to_midi(song: Song) -> PrettyMIDI:
    """The notes of all parts as they are played, in the song's tempo."""
    from pretty_midi import Instrument, Note, PrettyMIDI

    midi = PrettyMIDI(initial_tempo=60 / song.beat_seconds)
    for part in song.parts:
        instrument = Instrument(part.program, part.instrument.percussion, part.instrument.name)
        instrument.notes = [Note(note.velocity, note.pitch, note.start, note.end) for note in compose(song, part)]
        midi.instruments.append(instrument)
    return midi


def _performed(written: PrettyMIDI) -> midi.Song:
    """The song of a MIDI file with its notes at their exact times, which are not those of the file's ticks."""
    content = io.BytesIO()
    written.write(content)
    events = sorted(
        (seconds, kind, number, note.pitch, note.velocity if kind == "note_on" else 0)
        for number, part in enumerate(written.instruments)
        for note in part.notes
        for kind, seconds in (("note_on", note.start), ("note_off", note.end))
        if note.end > note.start
    )
    own: list[list[midi.Played]] = [[] for _ in written.instruments]
    for order, (seconds, kind, number, pitch, velocity) in enumerate(events):
        message = Message(kind, note=pitch, velocity=velocity)
        own[number].append(midi.Played(order, written.time_to_tick(seconds), float(seconds), message))
    tracks = [
        midi.Track(
            int(part.program),
            part.is_drum,
            part.name,
            own[number],
            [],
            [midi.Note(note.pitch, note.velocity, float(note.start), float(note.end)) for note in part.notes],
        )
        for number, part in enumerate(written.instruments)
    ]
    return replace(midi.parse(content.getvalue()), tracks=tracks)
