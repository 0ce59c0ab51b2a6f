"""MedleyDB's layout, also that of Mixing Secrets: ``Audio/<id>/{<id>_MIX.wav,<id>_STEMS/,<id>_RAW/}`` and metadata.

``<id>_METADATA.yaml`` lies beside the song (as in Mixing Secrets), in ``Metadata/``, or in the root. It names the
files, whose names are free. Mixing Secrets has no mixtures: its stems are raw tracks, or the mean of several.

References
----------
Bittner et al., MedleyDB (ISMIR 2014); Gururani and Lerch, Mixing Secrets (ISMIR 2017 late-breaking).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reprosep.audio.listing import sounds_of
from reprosep.base.errors import UserError
from reprosep.base.listing import entries, folders_in, is_hidden
from reprosep.base.project import read_yaml
from reprosep.corpora.layout import MIXED, Faults, InstrumentTable, Song, Stem

_SUFFIX = "_METADATA.yaml"
Targets = Callable[[str, str], str]  # label and where it stands -> class


def read_songs(root: str, faults: Faults | None = None) -> list[Song]:
    """Songs of a MedleyDB folder with their stems and instrument labels, and their mixture where its file exists.

    Parameters
    ----------
    faults: what to do about songs that cannot be read; by default the first of them is raised.

    Raises
    ------
    UserError
        When the folder, a metadata key, a stem file or an instrument label is missing or unknown.
    """
    table, faults, songs = InstrumentTable(), faults or Faults(), []
    for folder in _song_folders(Path(root)):
        with faults.of(folder.name, folder):
            song = _song(_metadata_file(Path(root), folder), folder, table.target)
            _check_files(folder, song)
            songs.append(song)
    return songs


def read_raws(root: str) -> dict[str, list[Stem]]:
    """Song -> its raw tracks, named ``S01.R01``, for the songs of :func:`read_songs`; the files need not exist.

    The labels of raw tracks are free text in Mixing Secrets; one that is in no list of instruments counts as mixed.

    Raises
    ------
    UserError
        When the folder or a metadata key is missing.
    """
    table = InstrumentTable()
    folders = _song_folders(Path(root))
    return {path.name: _raws(_metadata_file(Path(root), path), path, table.target_or_mixed) for path in folders}


def read_metadata(folder: str) -> list[Song]:
    """Songs as their metadata tells them, without any sound: stems have labels and classes, no song has a mixture.

    Parameters
    ----------
    folder: one that holds ``<id>_METADATA.yaml`` files, or ``Metadata/`` with them, or ``Audio/<id>/`` with one each.

    Returns
    -------
    Songs by name; paths of stems are relative to the folder of the songs, ``<id>/<id>_STEMS/…``.

    Raises
    ------
    UserError
        When no such file is there, or one of them misses a key or has an unknown label.
    """
    root, table = Path(folder), InstrumentTable()
    paths = {path.name.removesuffix(_SUFFIX): path for path in _metadata_files(root)}
    if not paths:
        raise UserError(
            f"{root}: no file *{_SUFFIX} in it, in Metadata/ or in Audio/<song>/; name the folder that holds them"
        )
    return [_song(path, Path(name), table.target) for name, path in sorted(paths.items())]


def _metadata_files(root: Path) -> list[Path]:
    """Of the places where metadata may lie, those later in the list are preferred for a song that is in several."""
    places = (f"*{_SUFFIX}", f"*/*{_SUFFIX}", f"Audio/*/*{_SUFFIX}")
    return [path for place in places for path in sorted(root.glob(place)) if not is_hidden(path.name)]


def _song_folders(root: Path) -> list[Path]:
    audio = root / "Audio"
    if not audio.is_dir():
        raise UserError(
            f"{audio}: no such folder; put MedleyDB there or name the folder that holds Audio/ in corpora.*.roots",
            "no-folder",
        )
    folders = folders_in(audio)
    if not folders:
        text = f"{audio}: no song in it; expected folders <Artist>_<Title>/ with stems and METADATA.yaml"
        raise UserError(text, "no-song")
    return folders


def _check_files(folder: Path, song: Song) -> None:
    """Every stem has its file, and no file is there that the metadata do not name: it would be missing from the sum."""
    for stem in song.stems:
        if not Path(stem.path).is_file():
            text = f"{stem.path}: no such file, but the metadata of '{song.name}' names it; get it from its source"
            raise UserError(text, "no-file")
    named = {Path(stem.path) for stem in song.stems}
    for path in sounds_of(entries({path.parent for path in named}.pop()).files).files:
        if path not in named:
            text = f"{path}: not among the stems of {folder.name}'s metadata; remove it or get the song anew"
            raise UserError(text, "extra-file")


def _metadata_file(root: Path, folder: Path) -> Path:
    name = f"{folder.name}{_SUFFIX}"
    places = (folder, root / "Metadata", root)
    for place in places:
        if (place / name).is_file():
            return place / name
    raise UserError(
        f"{folder / name}: no such file, nor in {root / 'Metadata'} or in {root}; MedleyDB's metadata is free at "
        "https://github.com/marl/medleydb, put the song's file into one of these folders",
        "bad-metadata",
    )


def _song(path: Path, folder: Path, target: Targets) -> Song:
    metadata = read_yaml(path, foreign=True)
    stems_folder = folder / str(_value(path, metadata, "stem_dir"))
    stems = [_stem(path, stems_folder, name, entry, target) for name, entry in sorted(_stems(path, metadata).items())]
    mix = folder / str(metadata.get("mix_filename") or "")
    mixture = Stem("mixture", str(mix), "mixture", MIXED) if mix.is_file() else None
    bleed = metadata.get("has_bleed", "no") in ("yes", True)
    return Song(folder.name, _artist(path, metadata), "", stems, bleed, mixture)


def _artist(path: Path, metadata: dict[str, Any]) -> str:
    artist = _value(path, metadata, "artist")
    return ", ".join(sorted(str(name) for name in artist)) if isinstance(artist, list) else str(artist)


def _stems(path: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    entries = _value(path, metadata, "stems")
    if not isinstance(entries, dict) or not entries:
        raise UserError(f"{path}: key 'stems' holds no stem; expected S01, S02, … with filename and instrument")
    return entries


def _raws(path: Path, folder: Path, target: Targets) -> list[Stem]:
    metadata = read_yaml(path, foreign=True)
    raw_folder = folder / str(_value(path, metadata, "raw_dir"))
    tracks = []
    for name, entry in sorted(_stems(path, metadata).items()):
        raws = (entry.get("raw") if isinstance(entry, dict) else None) or {}
        if not isinstance(raws, dict):
            raise UserError(f"{path}: key 'stems.{name}.raw' holds {raws!r}; expected R01, R02, … with filename")
        for number, raw in sorted(raws.items()):
            tracks.append(_stem(path, raw_folder, f"{name}.{number}", raw, target))
    return tracks


def _stem(path: Path, folder: Path, name: str, entry: Any, target: Targets) -> Stem:
    if not isinstance(entry, dict):
        raise UserError(f"{path}: key 'stems.{name}' holds {entry!r}; expected a mapping with filename and instrument")
    file = folder / str(_value(path, entry, "filename", f"stems.{name}."))
    instrument = _value(path, entry, "instrument", f"stems.{name}.")
    # A few real files list several labels for a stem; only a stem of one class can be a target.
    labels = [str(label) for label in instrument] if isinstance(instrument, list) else [str(instrument or "")]
    targets = {target(label, f"{path}: stems.{name}") for label in labels}
    return Stem(name, str(file), ", ".join(labels), targets.pop() if len(targets) == 1 else MIXED)


def _value(path: Path, mapping: dict[str, Any], key: str, prefix: str = "") -> Any:
    if key not in mapping:
        raise UserError(
            f"{path}: key '{prefix}{key}' is missing; expected MedleyDB's metadata format, see another song's file"
        )
    return mapping[key]
