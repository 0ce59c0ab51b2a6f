"""Write a rendered song as MedleyDB has it, and as the metadata of Mixing Secrets, of the same format, describe it.

Mixing Secrets differs in that its songs have no mixture, mono stems, free file names and some free-text labels, and a
drum stem that is the mean of several microphones; the microphones are listed in the metadata but not written.

References
----------
MedleyDB: https://medleydb.weebly.com/downloads.html. Mixing Secrets: https://github.com/SiddGururani/mixing_secrets
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from reprosep.corpora.standin.note_files import write_stem_notes
from reprosep.corpora.standin.songs import Part, Song
from reprosep.synthesis.waves import exact_sum, to_mono, write_wave

_GENRES = {
    "rock": "Rock",
    "pop": "Pop",
    "funk": "Fusion",
    "folk": "Singer/Songwriter",
    "ballad": "Singer/Songwriter",
    "electronic": "Electronic/Fusion",
    "jazz": "Jazz",
}
_MICROPHONES = ("Kick", "Snare", "HiHat", "Overheads")
# What engineers call the tracks, where it is not the instrument's name; and free-text labels as some real songs have.
_FILE_NAMES = {
    "lead male": "LeadVox",
    "lead female": "LeadVox",
    "backing male": "BackingVox",
    "backing female": "BackingVox",
    "electric bass": "Bass",
    "clean guitar": "ElecGtr",
    "distorted guitar": "ElecGtr",
    "lead guitar": "ElecGtr",
    "acoustic guitar": "AcousticGtr",
    "electric piano": "Rhodes",
    "electronic organ": "Hammond",
    "string section": "Strings",
    "tenor saxophone": "Saxophone",
}
_FREE_LABELS = {
    "backing male": "BackingVox",
    "backing female": "BackingVox",
    "electric piano": "Rhodes",
    "electronic organ": "Hammond",
    "string section": "Strings",
}


def write_medleydb(folder: Path, name: str, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    """Write stereo stems with their notes, their exact integer sum, and metadata."""
    (folder / f"{name}_STEMS").mkdir(parents=True)
    for number, (part, stem) in enumerate(zip(song.parts, stems, strict=True), start=1):
        sound = folder / f"{name}_STEMS" / f"{name}_STEM_{number:02d}.wav"
        write_wave(sound, stem, sample_rate)
        write_stem_notes(sound, song, [part])
    write_wave(folder / f"{name}_MIX.wav", exact_sum(stems), sample_rate)
    entries = [
        _entry(part, f"{name}_STEM_{number:02d}.wav", part.instrument.label)
        for number, part in enumerate(song.parts, start=1)
    ]
    _write_metadata(folder, name, _metadata(name, song, entries))


def write_mixing_secrets(folder: Path, name: str, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    """Write mono stems under free names with their notes, and metadata."""
    (folder / f"{name}_STEMS").mkdir(parents=True)
    entries = _free_entries(name, song)
    for part, entry, stem in zip(song.parts, entries, stems, strict=True):
        sound = folder / f"{name}_STEMS" / entry["filename"]
        write_wave(sound, to_mono(stem), sample_rate)
        write_stem_notes(sound, song, [part])
    change = {
        "album": "",
        "excerpt": "",
        "genre": "",
        "instrumental": "no",
        "origin": "Mixing Secrets",
        "producer": "reprosep stand-in",
        "version": "3.0",
    }
    _write_metadata(folder, name, _metadata(name, song, entries) | change)


def _free_entries(name: str, song: Song) -> list[dict[str, Any]]:
    """Metadata of the stems: numbered as an engineer numbers tracks, the microphones of the drums first."""
    kits = sum(part.instrument.group == "drums" for part in song.parts)
    names = [_FILE_NAMES.get(p.instrument.name, p.instrument.name.title().replace(" ", "")) for p in song.parts]
    several = {file for file, count in Counter(names).items() if count > 1}
    used: Counter[str] = Counter()
    number, entries = kits * len(_MICROPHONES), []
    for part, file in zip(song.parts, names, strict=True):
        label = _FREE_LABELS.get(part.instrument.name, part.instrument.label)
        if part.instrument.group == "drums":
            raws = [(f"{track:02d}_{mic}.wav", mic) for track, mic in enumerate(_MICROPHONES, start=1)]
            entries.append(_entry(part, f"{name}_STEM_drums.wav", label, raws) | {"component": ""})
            continue
        number, used[file] = number + 1, used[file] + 1
        filename = f"{number:02d}_{file}{used[file] if file in several else ''}.wav"
        entries.append(_entry(part, filename, label, [(filename, label)]) | {"component": ""})
    return entries


def _entry(part: Part, filename: str, label: str, raws: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    raw = {
        f"R{number:02d}": {"filename": file, "instrument": name}
        for number, (file, name) in enumerate(raws or [], start=1)
    }
    return {"component": part.instrument.component, "filename": filename, "instrument": label, "raw": raw}


def _metadata(name: str, song: Song, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """MedleyDB's metadata of a song, with its own keys and its own 'yes' and 'no'."""
    sung = any(part.instrument.group == "vocals" for part in song.parts)
    return {
        "album": "None",
        "artist": song.artist,
        "composer": "",
        "excerpt": "no",
        "genre": _GENRES[song.style],
        "has_bleed": "no",
        "instrumental": "no" if sung else "yes",
        "mix_filename": f"{name}_MIX.wav",
        "origin": "reprosep stand-in",
        "producer": "",
        "raw_dir": f"{name}_RAW",
        "stem_dir": f"{name}_STEMS",
        "stems": {f"S{number:02d}": entry for number, entry in enumerate(entries, start=1)},
        "title": song.title,
        "version": "1.0",
        "website": "",
    }


def _write_metadata(folder: Path, name: str, metadata: dict[str, Any]) -> None:
    content = yaml.safe_dump(metadata, default_flow_style=False)
    (folder / f"{name}_METADATA.yaml").write_text(content, encoding="utf-8")
