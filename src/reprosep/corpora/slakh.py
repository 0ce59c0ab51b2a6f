"""Slakh2100's layout: ``{train,validation,test,omitted}/TrackXXXXX/{metadata.yaml,mix,stems/Sxx,MIDI/,all_src.mid}``.

BabySlakh has its songs directly in the root. Sound is flac as published, wav as converted or in BabySlakh. The class of
a stem follows from its General MIDI program, counted from 0.

References
----------
Manilow et al., Slakh (WASPAA 2019); the splits orig, redux and split2: https://github.com/ethman/slakh-utils
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprosep.audio.listing import sounds_of
from reprosep.base.errors import UserError, near_match
from reprosep.base.listing import entries, folders_in
from reprosep.base.progress import track
from reprosep.base.project import read_yaml
from reprosep.corpora.layout import MIXED, Faults, Song, Stem
from reprosep.corpora.registry import Version, song_list
from reprosep.synthesis.programs import DRUMS, PROGRAMS

FOLDERS = {"train": "train", "validation": "valid", "test": "test", "omitted": "ignore"}
RESIDUALS = "residuals"
SUBMIXES = ("bass", "drums", "guitar", "piano", RESIDUALS)
_SUFFIXES = (".flac", ".wav")


def read_songs(root: str, versions: Sequence[Version] = (), faults: Faults | None = None) -> list[Song]:
    """Songs of a Slakh folder; the artist of a song is its MIDI file, which several songs may share.

    Parameters
    ----------
    versions: published versions that the folder holds. The list of one of them says which songs belong to which split,
        wherever they lie; songs that are not in it, and songs with a defect that excludes them, are left out. Without
        a list the folders tell the split, songs of ``omitted/`` are left out, and songs of the root are for training.
    faults: what to do about songs that cannot be read; by default the first of them is raised.

    Raises
    ------
    UserError
        When a folder, a key of the metadata, a stem that was rendered or a mixture is missing, a song has no stem, or
        several versions have lists of songs.
    """
    folders = _song_folders(Path(root))
    split = _splits(folders, versions)
    chosen = {path: split[path] for path in folders if split[path] != "ignore"}
    if not chosen:
        raise UserError(
            f"{root}: none of its {len(folders)} songs is in the list of songs of the corpus' version; "
            "name another version in corpora.*.versions"
        )
    faults, songs = faults or Faults(), []
    for path, part in track(chosen.items(), f"songs of {Path(root).name}", len(chosen)):
        with faults.of(path.name, path):
            songs.append(_song(path, part))
    return songs


def submix(song: Song, target: str) -> list[Stem]:
    """The stems whose sum is the submix of bass, drums, guitar, piano or residuals; empty when the song has none.

    Raises
    ------
    UserError
        When `target` is none of these.
    """
    if target not in SUBMIXES:
        raise UserError(f"unknown submix '{target}'{near_match(target, SUBMIXES)}; allowed: {', '.join(SUBMIXES)}")
    return [stem for stem in song.stems if (stem.target or RESIDUALS) == target]


def _song_folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise UserError(
            f"{root}: no such folder; put Slakh2100 there (Flakh2100: `reprosep render <Slakh2100> {root} --flakh "
            "--splits same`), or name its folder in corpora.*.roots",
            "no-folder",
        )
    songs = []
    for path in folders_in(root):
        if path.name.startswith("Track"):
            songs.append(path)
        elif path.name in FOLDERS:
            songs += folders_in(path)
        else:
            raise UserError(
                f"{path}: unknown folder '{path.name}'{near_match(path.name, FOLDERS)}; expected "
                f"{', '.join(FOLDERS)}, or songs named Track00001, Track00002, …",
                "unknown-split",
            )
    if not songs:
        text = f"{root}: no song in it; expected folders like train/Track00001/ with metadata.yaml and stems/"
        raise UserError(text, "no-song")
    return sorted(songs, key=lambda path: path.name)


def _splits(folders: list[Path], versions: Sequence[Version]) -> dict[Path, str]:
    """Song folder -> its split, 'ignore' for songs that are left out."""
    listed = [version for version in versions if version.song_list]
    if len(listed) > 1:
        raise UserError(
            f"params: corpora.*.versions names {listed[0].title} and {listed[1].title}, whose lists of songs differ; "
            "expected one of them, name one"
        )
    bad = {defect.song for version in versions for defect in version.defects if defect.excluded}
    if listed:
        published = song_list(listed[0])
        split = {path: published.get(path.name, "ignore") for path in folders}
    else:
        split = {path: FOLDERS.get(path.parent.name, "train") for path in folders}
    return {path: "ignore" if path.name in bad else part for path, part in split.items()}


def _song(folder: Path, split: str) -> Song:
    path = folder / "metadata.yaml"
    metadata = read_yaml(path, foreign=True)
    entries = _value(path, metadata, "stems")
    if not isinstance(entries, dict):
        raise UserError(f"{path}: key 'stems' holds {entries!r}; expected S00, S01, … with program_num and is_drum")
    _check_stray(path, folder / "stems", entries)
    stems = [_stem(path, name, entry) for name, entry in sorted(entries.items())]
    present = [stem for stem in stems if stem]
    if not present:
        raise UserError(
            f"{folder / 'stems'}: no stem in it; expected S00.flac, S01.flac, … (or .wav), get the song anew",
            "no-file",
        )
    mix = _sound(folder / "mix")
    if mix is None:
        raise UserError(
            f"{folder / 'mix.flac'}: missing, and there is no mix.wav; get the song anew from its source", "no-file"
        )
    mixture = Stem("mix", str(mix), "mixture", MIXED)
    return Song(folder.name, str(_value(path, metadata, "UUID")), split, present, mixture=mixture)


def _check_stray(path: Path, folder: Path, stems: dict[str, Any]) -> None:
    """A stem that the metadata does not name would be missing from the sum."""
    for file in sounds_of(entries(folder).files).files if folder.is_dir() else ():
        if file.stem not in stems:
            raise UserError(
                f"{file}: not among the stems of {path}; expected {', '.join(sorted(stems)) or 'none'}, "
                "remove it or get the song anew",
                "extra-file",
            )


def _stem(path: Path, name: str, entry: Any) -> Stem | None:
    """A stem, or None when it was not rendered. Its file tells: metadata of published excerpts deny what is there."""
    if not isinstance(entry, dict):
        raise UserError(f"{path}: key 'stems.{name}' holds {entry!r}; expected a mapping with program_num and is_drum")
    # Always here: some songs of the release have another machine's path as `audio_dir`.
    sound = _sound(path.parent / "stems" / name)
    if sound is None:
        if "audio_rendered" in entry and _truth(path, entry, "audio_rendered", name):
            raise UserError(
                f"{path.parent / 'stems' / name}.flac: missing, nor a .wav, but {path.name} says it was rendered; "
                "get the song anew from its source",
                "no-file",
            )
        return None
    label = f"{_value(path, entry, 'inst_class', name)}: {_value(path, entry, 'midi_program_name', name)}"
    return Stem(name, str(sound), label, _target(path, name, entry))


def _target(path: Path, name: str, entry: dict[str, Any]) -> str:
    program = _value(path, entry, "program_num", name)
    if type(program) is not int or not 0 <= program <= DRUMS:
        raise UserError(
            f"{path}: key 'stems.{name}.program_num' holds {program!r}; expected 0 to 127, or 128 for drums"
        )
    if program == DRUMS or _truth(path, entry, "is_drum", name):
        return "drums"
    return next((target for target, programs in PROGRAMS.items() if program in programs), "")


def _sound(path: Path) -> Path | None:
    """The sound file of that name without suffix, in whichever format."""
    files = [file for suffix in _SUFFIXES if (file := path.with_name(path.name + suffix)).is_file()]
    if len(files) > 1:
        raise UserError(
            f"{files[0]}: is there as {files[1].name} too, expected one; remove one of the two", "extra-file"
        )
    return files[0] if files else None


def _truth(path: Path, entry: dict[str, Any], key: str, stem: str) -> bool:
    value = _value(path, entry, key, stem)
    if not isinstance(value, bool):
        raise UserError(f"{path}: key 'stems.{stem}.{key}' holds {value!r}; expected true or false")
    return value


def _value(path: Path, mapping: dict[str, Any], key: str, stem: str = "") -> Any:
    if key not in mapping:
        prefix = f"stems.{stem}." if stem else ""
        raise UserError(f"{path}: key '{prefix}{key}' is missing; expected Slakh's metadata, see another song's file")
    return mapping[key]
