"""Write a rendered song as Slakh2100 has it: mono flac stems of one loudness, their exact sum, notes, metadata.

Stems are brought to -13 LUFS each and summed; stems and mixture are then scaled together so that none exceeds -1 dB.

References
----------
Manilow et al., Slakh (WASPAA 2019); keys and mixing rule: https://github.com/ethman/slakh-generation
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from reprosep.corpora.slakh import DRUMS
from reprosep.corpora.standin.compose import compose
from reprosep.corpora.standin.render import loudness_of
from reprosep.corpora.standin.songs import Part, Song
from reprosep.errors import UserError
from reprosep.synthesis.waves import exact_sum, write_wave

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

_LOUDNESS = -13.0  # LUFS of every stem
_PEAK = -1.0  # dB
_NUMBERS = {"train": range(1, 1501), "valid": range(1501, 1876), "test": range(1876, 2101)}  # Slakh2100-orig


def track_id(split: str, index: int) -> str:
    """``Track00001``; songs of a split have numbers that Slakh2100-orig's list gives to the same split.

    Raises
    ------
    UserError
        When the split of the real corpus has fewer songs.
    """
    numbers = _NUMBERS[split]
    if index >= len(numbers):
        raise UserError(
            f"songs.{split}: song {index + 1} asked for, but Slakh2100's layout has room for {len(numbers)}; "
            "ask for fewer songs"
        )
    return f"Track{numbers[index]:05d}"


def write_slakh(folder: Path, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    """Write mono stems and their exact integer sum, one MIDI file per stem and one of all, and metadata."""
    for name in ("stems", "MIDI"):
        (folder / name).mkdir(parents=True)
    levelled, loudness, gain = _levelled(stems, sample_rate)
    names = [f"S{number:02d}" for number in range(len(stems))]
    for name, stem, part in zip(names, levelled, song.parts, strict=True):
        write_wave(folder / "stems" / f"{name}.flac", stem, sample_rate)
        _midi(song, [part]).write(str(folder / "MIDI" / f"{name}.mid"))
    write_wave(folder / "mix.flac", exact_sum(levelled), sample_rate)
    _midi(song, list(song.parts)).write(str(folder / "all_src.mid"))
    entries = {name: _entry(part, level) for name, part, level in zip(names, song.parts, loudness, strict=True)}
    uuid = hashlib.md5((folder / "all_src.mid").read_bytes(), usedforsecurity=False).hexdigest()
    content = yaml.safe_dump(_metadata(uuid, gain, entries), default_flow_style=False)
    (folder / "metadata.yaml").write_text(content, encoding="utf-8")


def _levelled(stems: list[np.ndarray], sample_rate: int) -> tuple[list[np.ndarray], list[float], float]:
    """int16 `(samples,)` stems of one loudness, the loudness that each had in LUFS, and the gain that all got."""
    mono = [stem.mean(axis=1) / 32768 for stem in stems]
    loudness = [loudness_of(stem[:, None], sample_rate) for stem in mono]
    equal = [stem * 10 ** ((_LOUDNESS - level) / 20) for stem, level in zip(mono, loudness, strict=True)]
    # A single stem may be louder than the mixture, where others cancel it.
    peak = max(float(np.abs(sound).max()) for sound in [*equal, np.sum(equal, axis=0)])
    gain = min(1.0, 10 ** (_PEAK / 20) / peak)
    return [np.rint(stem * gain * 32768).astype(np.int16) for stem in equal], loudness, gain


def _midi(song: Song, parts: list[Part]) -> PrettyMIDI:
    """The notes as they are played, in the song's tempo."""
    from pretty_midi import Instrument, Note, PrettyMIDI

    midi = PrettyMIDI(initial_tempo=60 / song.beat_seconds)
    for part in parts:
        instrument = Instrument(part.program, part.instrument.percussion, part.instrument.name)
        instrument.notes = [Note(note.velocity, note.pitch, note.start, note.end) for note in compose(song, part)]
        midi.instruments.append(instrument)
    return midi


def _entry(part: Part, loudness: float) -> dict[str, Any]:
    from pretty_midi import program_to_instrument_class, program_to_instrument_name

    drums = part.instrument.percussion
    return {
        "audio_rendered": True,
        "inst_class": "Drums" if drums else program_to_instrument_class(part.program),
        "integrated_loudness": float(loudness),
        "is_drum": drums,
        "midi_program_name": "Drums" if drums else program_to_instrument_name(part.program),
        "midi_saved": True,
        "plugin_name": "TimGM6mb.sf2",
        "program_num": DRUMS if drums else part.program,
    }


def _metadata(uuid: str, gain: float, stems: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "UUID": uuid,
        "audio_dir": "stems",
        "lmd_midi_dir": f"reprosep stand-in/{uuid}.mid",  # the real songs are of the Lakh MIDI data set
        "midi_dir": "MIDI",
        "normalization_factor": _LOUDNESS,
        "normalized": True,
        "overall_gain": float(gain),
        "stems": stems,
        "target_peak": _PEAK,
    }
