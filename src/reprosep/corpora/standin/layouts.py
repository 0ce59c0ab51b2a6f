"""Write a rendered song the way the real corpora lie on disk.

References
----------
MUSDB18-HQ: https://sigsep.github.io/datasets/musdb.html. MedleyDB: https://medleydb.weebly.com/downloads.html.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from reprosep.corpora.standin.songs import Song
from reprosep.errors import UserError

MUSDB_SOURCES = ("drums", "bass", "other", "vocals")
_GENRES = {
    "rock": "Rock",
    "pop": "Pop",
    "funk": "Fusion",
    "folk": "Singer/Songwriter",
    "ballad": "Singer/Songwriter",
    "electronic": "Electronic/Fusion",
    "jazz": "Jazz",
}


def splits(layout: str) -> tuple[str, ...]:
    """The splits of a layout: MedleyDB's has only one, ``"all"``."""
    known = {"musdb": ("train", "test"), "medleydb": ("all",)}
    if layout not in known:
        raise UserError(f"layout '{layout}': not one of {', '.join(known)}; choose one of them")
    return known[layout]


def song_id(layout: str, song: Song) -> str:
    """``Artist - Title`` for MUSDB, ``ArtistName_TitleName`` for MedleyDB."""
    if layout == "musdb":
        return f"{song.artist} - {song.title}"
    return "_".join(re.sub(r"\W", "", name) for name in (song.artist, song.title))


def song_folder(layout: str, root: Path, split: str, name: str) -> Path:
    """Where the song lies below the root of the corpus."""
    return root / (split if layout == "musdb" else "Audio") / name


def write_song(layout: str, folder: Path, name: str, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    """Write int16 stems `(samples, 2)` and their exact integer sum into `folder`."""
    if layout == "musdb":
        _write_musdb(folder, song, stems, sample_rate)
    else:
        _write_medleydb(folder, name, song, stems, sample_rate)


def _write_wave(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    soundfile.write(path, audio, sample_rate, subtype="PCM_16")


def _sum(stems: list[np.ndarray]) -> np.ndarray:
    """The integer sum of int16 stems; it must fit in int16."""
    total = np.sum(stems, axis=0, dtype=np.int32)
    if total.size and np.abs(total).max() > 32767:
        raise ValueError("the sum of the stems clips: the common gain of the song is too high")
    return np.asarray(total.astype(np.int16))


def _write_musdb(folder: Path, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    groups = [part.instrument.group for part in song.parts]
    sources = {
        source: _sum([stem for stem, group in zip(stems, groups, strict=True) if _musdb_source(group) == source])
        for source in MUSDB_SOURCES
    }
    for source, audio in sources.items():
        _write_wave(folder / f"{source}.wav", audio, sample_rate)
    _write_wave(folder / "mixture.wav", _sum(list(sources.values())), sample_rate)


def _musdb_source(group: str) -> str:
    return group if group in MUSDB_SOURCES else "other"


def _write_medleydb(folder: Path, name: str, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    (folder / f"{name}_STEMS").mkdir(parents=True)
    for number, stem in enumerate(stems, start=1):
        _write_wave(folder / f"{name}_STEMS" / f"{name}_STEM_{number:02d}.wav", stem, sample_rate)
    _write_wave(folder / f"{name}_MIX.wav", _sum(stems), sample_rate)
    metadata = yaml.safe_dump(_metadata(name, song), default_flow_style=False)
    (folder / f"{name}_METADATA.yaml").write_text(metadata, encoding="utf-8")


def _metadata(name: str, song: Song) -> dict[str, Any]:
    """MedleyDB's metadata of a song, with its own keys and its own 'yes' and 'no'."""
    stems = {
        f"S{number:02d}": {
            "component": part.instrument.component,
            "filename": f"{name}_STEM_{number:02d}.wav",
            "instrument": part.instrument.label,
            "raw": {},
        }
        for number, part in enumerate(song.parts, start=1)
    }
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
        "stems": stems,
        "title": song.title,
        "version": "1.0",
        "website": "",
    }
