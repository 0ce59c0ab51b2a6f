"""MedleyDB's layout: ``Audio/<id>/<id>_{MIX.wav,STEMS/<id>_STEM_NN.wav,METADATA.yaml}``, also that of Mixing Secrets.

References
----------
Bittner et al., MedleyDB (ISMIR 2014); Gururani and Lerch, Mixing Secrets (ISMIR 2017 late-breaking).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprosep.corpora.layout import InstrumentTable, Song, Stem
from reprosep.errors import UserError
from reprosep.params import read_yaml


def read_songs(root: str) -> list[Song]:
    """Songs of a MedleyDB folder with their stems and instrument labels.

    Raises
    ------
    UserError
        When the folder, a metadata key, a stem file or an instrument label is missing or unknown.
    """
    audio = Path(root) / "Audio"
    if not audio.is_dir():
        raise UserError(
            f"{audio}: no such folder; put MedleyDB there or name the folder that holds Audio/ in corpora.*.roots"
        )
    folders = sorted(path for path in audio.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise UserError(f"{audio}: no song in it; expected folders <Artist>_<Title>/ with stems and METADATA.yaml")
    table = InstrumentTable()
    return [_song(folder, table) for folder in folders]


def _song(folder: Path, table: InstrumentTable) -> Song:
    path = folder / f"{folder.name}_METADATA.yaml"
    metadata = read_yaml(path)
    stems_folder = folder / str(_value(path, metadata, "stem_dir"))
    entries = _value(path, metadata, "stems")
    if not isinstance(entries, dict) or not entries:
        raise UserError(f"{path}: key 'stems' holds no stem; expected S01, S02, … with filename and instrument")
    stems = [_stem(path, stems_folder, name, entry, table) for name, entry in sorted(entries.items())]
    bleed = str(metadata.get("has_bleed", "no")) == "yes"
    return Song(folder.name, str(_value(path, metadata, "artist")), "", stems, bleed)


def _stem(path: Path, folder: Path, name: str, entry: Any, table: InstrumentTable) -> Stem:
    if not isinstance(entry, dict):
        raise UserError(f"{path}: key 'stems.{name}' holds {entry!r}; expected a mapping with filename and instrument")
    file = folder / str(_value(path, entry, "filename", f"stems.{name}."))
    instrument = _value(path, entry, "instrument", f"stems.{name}.")
    # A few real files list several labels for a stem; only a stem of one class can be a target.
    labels = [str(label) for label in instrument] if isinstance(instrument, list) else [str(instrument or "")]
    targets = {table.target(label, f"{path}: stems.{name}") for label in labels}
    return Stem(name, str(file), ", ".join(labels), targets.pop() if len(targets) == 1 else "mixed")


def _value(path: Path, mapping: dict[str, Any], key: str, prefix: str = "") -> Any:
    if key not in mapping:
        raise UserError(
            f"{path}: key '{prefix}{key}' is missing; expected MedleyDB's metadata format, see another song's file"
        )
    return mapping[key]
