"""Tiny corpora of tones and noise with pauses of true silence, in the layouts of the real ones."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from reprosep.base.project import repository
from reprosep.params.files import merged, scale_file
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

RATE = 16000
SECONDS = 6.0
MUSDB_STEMS = ("vocals", "bass", "drums", "other")
_HZ = {"vocals": 440.0, "bass": 90.0, "drums": 0.0, "other": 700.0, "piano": 520.0, "guitar": 260.0}
_INSTRUMENTS = {
    "male singer": "vocals",
    "electric bass": "bass",
    "drum set": "drums",
    "piano": "piano",
    "clean electric guitar": "guitar",
    "violin": "other",
}
_ENSEMBLES = (
    ("male singer", "electric bass", "drum set", "violin"),
    ("male singer", "male singer", "electric bass", "piano"),
    ("electric bass", "drum set", "clean electric guitar"),
    ("male singer", "electric bass", "drum set", "piano", "violin"),
)


def wave(kind: str, seed: int, seconds: float = SECONDS, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """A tone (noise for drums) that plays in two parts of the song, float64 ``(sample, channel)``."""
    random = np.random.default_rng([seed, *kind.encode()])
    time = np.arange(round(seconds * rate)) / rate
    pitch = _HZ[kind] * 2 ** (random.integers(-3, 4) / 12)
    tone = sum(np.sin(2 * np.pi * pitch * part * time) / part for part in (1, 2, 3))
    sound = random.normal(size=len(time)) if kind == "drums" else tone + 0.1 * random.normal(size=len(time))
    first, second = random.uniform(0, 0.15), random.uniform(0.6, 0.7)
    plays = (time > first * seconds) & (time < 0.45 * seconds) | (time > second * seconds) & (time < 0.98 * seconds)
    mono = 0.2 * sound / np.abs(sound).max() * plays
    return np.stack([mono * (1 - 0.2 * channel) for channel in range(channels)], axis=1)


def write_wave(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples, rate, subtype=subtype)
    return path


def write_licence(root: Path) -> None:
    (root / "LICENSE").write_text("Made by the tests; free for every use.\n")


def make_musdb(root: Path, train: int = 4, test: int = 2, seconds: float = SECONDS, rate: int = RATE) -> Path:
    """MUSDB18-HQ's layout, stereo."""
    for number in range(train + test):
        folder = root / ("train" if number < train else "test") / f"Artist {number} - Song {number}"
        stems = {name: wave(name, number, seconds, rate, 2) for name in MUSDB_STEMS}
        for name, samples in stems.items():
            write_wave(folder / f"{name}.wav", samples, rate)
        write_wave(folder / "mixture.wav", sum(stems.values()), rate)
    write_licence(root)
    return root


def make_musdb_stems(root: Path, **songs: Any) -> Path:
    """MUSDB18's layout: every song of :func:`make_musdb` as one mp4 file with five AAC streams."""
    return encode_stems(make_musdb(root, **songs))


def encode_stems(root: Path) -> Path:
    """MUSDB18-HQ's layout as MUSDB18's: every folder of wav files becomes one file."""
    for folder in [path for subset in ("train", "test") for path in sorted((root / subset).iterdir())]:
        command = ["ffmpeg", "-v", "error"]
        for name in ("mixture", "drums", "bass", "other", "vocals"):
            command += ["-i", str(folder / f"{name}.wav")]
        command += [word for number in range(5) for word in ("-map", f"{number}:a")]
        subprocess.run([*command, "-c:a", "aac", "-b:a", "96k", f"{folder}.stem.mp4"], check=True)
        shutil.rmtree(folder)
    return root


def make_medleydb(root: Path, songs: int = 8, seconds: float = SECONDS, rate: int = RATE) -> Path:
    """MedleyDB's layout, with several stems of a class in some songs and instruments of no class."""
    for number in range(songs):
        name = f"Artist{number}_Song{number}"
        instruments = _ENSEMBLES[number % len(_ENSEMBLES)]
        folder = root / "Audio" / name
        entries = {}
        for index, instrument in enumerate(instruments, start=1):
            file = f"{name}_STEM_{index:02d}.wav"
            samples = wave(_INSTRUMENTS[instrument], 100 * number + index, seconds, rate)
            write_wave(folder / f"{name}_STEMS" / file, samples, rate)
            entries[f"S{index:02d}"] = {"component": "", "filename": file, "instrument": instrument}
        metadata = {
            "artist": f"Artist {number}",
            "title": f"Song {number}",
            "stem_dir": f"{name}_STEMS",
            "stems": entries,
        }
        (folder / f"{name}_METADATA.yaml").write_text(yaml.safe_dump({**metadata, "has_bleed": "no"}))
    write_licence(root)
    return root


def make_slakh(folders: Path, songs: list[str], seconds: float = SECONDS, suffix: str = ".wav") -> Path:
    """Slakh2100's layout below `folders`: one guitar, one bass, one piano, drums, an organ, and a stem not rendered."""
    ensemble = {"S00": ("Guitar", 30), "S01": ("Drums", 128), "S02": ("Piano", 1), "S03": ("Bass", 33)}
    ensemble |= {"S04": ("Organ", 17), "S05": ("Sound Effects", 103)}
    kinds = {"Guitar": "guitar", "Drums": "drums", "Piano": "piano", "Bass": "bass", "Organ": "other"}
    for song in songs:
        number, folder, stems = int(song.removeprefix("Track")), folders / song, []
        entries = {}
        for name, (family, program) in ensemble.items():
            entries[name] = {
                "audio_rendered": family in kinds,
                "inst_class": family,
                "is_drum": program == 128,
                "midi_program_name": f"{family} {program}",
                "program_num": program,
            }
            if family in kinds:
                stems.append(wave(kinds[family], number, seconds))
                write_wave(folder / "stems" / f"{name}{suffix}", stems[-1])
        write_wave(folder / f"mix{suffix}", np.sum(stems, axis=0))
        metadata = {"UUID": f"uuid-{number}", "audio_dir": "/another/machine/stems", "stems": entries}
        (folder / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    return folders


def make_split_slakh(root: Path, train: int = 3, valid: int = 2, test: int = 2) -> Path:
    """The same with its splits."""
    first = 1
    for split, count in (("train", train), ("validation", valid), ("test", test)):
        make_slakh(root / split, [f"Track{number:05d}" for number in range(first, first + count)])
        first += count
    write_licence(root)
    return root


def make_folder(root: Path, songs: int = 4, seconds: float = SECONDS) -> Path:
    """A user's own multitracks: names with spaces, mixed rates, channels, lengths and formats."""
    for number in range(songs):
        folder = root / f"My song {number}"
        for index, (kind, name) in enumerate(
            [("vocals", "Lead Vox.ogg"), ("drums", "Drum Kit.wav"), ("bass", "DI bass.flac")]
        ):
            rate, channels = (44100, 16000, 22050)[index], 1 + (number + index) % 2
            samples = wave(kind, 10 * number + index, seconds + 0.37 * index, rate, channels)
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(str(folder / name), samples, rate)
    return root


def make_params(change: dict[str, Any] | None = None, scale: str = "smoke") -> Params:
    """Parameters of a scale with the synthetic corpora in place of the stand-ins, and further changes."""
    return parse(params_content(change, scale))


def params_content(change: dict[str, Any] | None = None, scale: str = "smoke") -> dict[str, Any]:
    content = merged([repository() / "params.yaml", scale_file(scale)])
    for name, targets in (("musdb", ["vocals", "drums"]), ("mm", ["vocals", "bass"])):
        corpus = {"roots": [f"recordings/{name}"], "standin": None, "targets": targets, "valid_fraction": 0.3}
        content = merge(content, {"corpora": {name: corpus}})
    for name in ("slakh", "flakh"):
        content = merge(content, {"corpora": {name: {"roots": [f"recordings/{name}"], "standin": None}}})
    rare = {"mm-rare": {"targets": ["strings"], "least_songs": {"test": 1}}, "slakh-rare": {"targets": ["bass"]}}
    content = merge(content, {"corpora": rare})
    small = {"chunk_seconds": 1.0, "items_per_epoch": 8, "statistics_items": 2, "precision": "float32"}
    content = merge(content, {"training": small})
    return merge(content, change or {})


def own_corpus(root: str = "recordings/own", **change: Any) -> dict[str, Any]:
    """The settings of a corpus of kind 'folder' as made by :func:`make_folder`."""
    settings = {
        "title": "own",
        "kind": "folder",
        "versions": [],
        "roots": [root],
        "standin": None,
        "channels": 1,
        "targets": ["vocals", "drums"],
        "mixing": "tracks",
        "valid_fraction": 0.3,
        "test_fraction": 0.3,
        "split": {},
        "split_file": None,
        "accept": [],
        "files": {"vocals": ["*vox*"], "drums": ["*drum*"]},
    }
    return settings | change
