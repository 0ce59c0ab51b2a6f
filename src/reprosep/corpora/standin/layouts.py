"""Write a rendered song the way the real corpora lie on disk: which splits, names, folders and files each layout has.

References
----------
MUSDB18-HQ: https://sigsep.github.io/datasets/musdb.html; the others in medley_layout.py and slakh_layout.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from reprosep.base.errors import UserError
from reprosep.corpora.standin.medley_layout import write_medleydb, write_mixing_secrets
from reprosep.corpora.standin.note_files import write_stem_notes
from reprosep.corpora.standin.render import render_stems
from reprosep.corpora.standin.slakh_layout import track_id, write_slakh
from reprosep.corpora.standin.songs import Song
from reprosep.synthesis.splits import FOLDERS
from reprosep.synthesis.waves import exact_sum, write_wave

FROM_MIDI = ("slakh", "flakh")  # rendered from MIDI by :mod:`reprosep.synthesis`
MUSDB_SOURCES = ("drums", "bass", "other", "vocals")
_SPLITS = {
    "musdb": ("train", "test"),
    "medleydb": ("all",),
    "mixing-secrets": ("all",),
    "slakh": ("train", "valid", "test"),
    "flakh": ("train", "valid", "test"),
}


def splits(layout: str) -> tuple[str, ...]:
    """The splits of a layout: those of MedleyDB and Mixing Secrets have only one, ``"all"``."""
    if layout not in _SPLITS:
        raise UserError(f"layout '{layout}': not one of {', '.join(_SPLITS)}; choose one of them")
    return _SPLITS[layout]


def song_id(layout: str, song: Song, split: str, index: int) -> str:
    """``Artist - Title`` for MUSDB, ``ArtistName_TitleName`` for MedleyDB, ``Track00001`` for Slakh and Flakh."""
    if layout == "musdb":
        return f"{song.artist} - {song.title}"
    if layout in FROM_MIDI:
        return track_id(split, index)
    return "_".join(re.sub(r"\W", "", name) for name in (song.artist, song.title))


def song_folder(layout: str, root: Path, split: str, name: str) -> Path:
    """Where the song lies below the root of the corpus."""
    parents = {"musdb": split, **dict.fromkeys(FROM_MIDI, FOLDERS.get(split, split))}
    return root / parents.get(layout, "Audio") / name


def write_song(layout: str, folder: Path, name: str, song: Song, sample_rate: int) -> None:
    """Render a song into `folder`: stems with their notes and, where the layout has one, a mixture."""
    if layout in FROM_MIDI:
        write_slakh(folder, song, sample_rate, flakh=layout == "flakh")
        return
    stems = render_stems(song, sample_rate)  # int16 `(samples, 2)`; mixtures are their exact integer sum
    if layout == "musdb":
        _write_musdb(folder, song, stems, sample_rate)
    elif layout == "mixing-secrets":
        write_mixing_secrets(folder, name, song, stems, sample_rate)
    else:
        write_medleydb(folder, name, song, stems, sample_rate)


def _write_musdb(folder: Path, song: Song, stems: list[np.ndarray], sample_rate: int) -> None:
    groups = [part.instrument.group for part in song.parts]
    sources = {
        source: exact_sum([stem for stem, group in zip(stems, groups, strict=True) if _musdb_source(group) == source])
        for source in MUSDB_SOURCES
    }
    for source, audio in sources.items():
        write_wave(folder / f"{source}.wav", audio, sample_rate)
        parts = [part for part in song.parts if _musdb_source(part.instrument.group) == source]
        write_stem_notes(folder / f"{source}.wav", song, parts)
    write_wave(folder / "mixture.wav", exact_sum(list(sources.values())), sample_rate)


def _musdb_source(group: str) -> str:
    return group if group in MUSDB_SOURCES else "other"
