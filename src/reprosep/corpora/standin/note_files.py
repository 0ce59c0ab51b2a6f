"""The notes of composed stems, beside their sound: what the composer wrote and the synthesiser was given.

Songs in Slakh's layout need none, they have MIDI files.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reprosep.corpora.note_files import SUFFIX, write_notes_csv
from reprosep.corpora.standin.compose import compose
from reprosep.corpora.standin.songs import Part, Song


def write_stem_notes(sound: Path, song: Song, parts: Iterable[Part]) -> None:
    """The notes of the parts that a stem is the sum of; no file for a stem without a pitched part."""
    pitched = [part for part in parts if not part.instrument.percussion]
    if pitched:
        notes = sorted(note for part in pitched for note in compose(song, part))
        write_notes_csv(sound.with_name(f"{sound.stem}{SUFFIX}"), notes)
