"""``metadata.yaml`` of a song, with Slakh2100's keys.

References
----------
Manilow et al., Slakh (WASPAA 2019); keys and mixing rule: https://github.com/ethman/slakh-generation
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reprosep.synthesis.midi import Track
from reprosep.synthesis.tracks import program_of

_NO_PLUGIN = "None"  # as Slakh2100 has it


def rendered_entry(track: Track, plugin: str, loudness: float) -> dict[str, Any]:
    """What is told of a stem; `loudness` is that before mixing, in LUFS."""
    heard = {"audio_rendered": True, "midi_saved": True, "integrated_loudness": float(loudness)}
    return _entry(track, plugin) | heard


def silent_entry(track: Track) -> dict[str, Any]:
    """What is told of a track that was not rendered."""
    return _entry(track, _NO_PLUGIN) | {"audio_rendered": False, "midi_saved": False}


def class_of(track: Track) -> str:
    """General MIDI's name of the class, as `Piano` or `Strings (continued)`, or `Drums`."""
    from pretty_midi import program_to_instrument_class

    return "Drums" if track.is_drum else str(program_to_instrument_class(track.program))


def _entry(track: Track, plugin: str) -> dict[str, Any]:
    from pretty_midi import program_to_instrument_name

    drums = track.is_drum
    return {
        "inst_class": class_of(track),
        "is_drum": drums,
        "midi_program_name": "Drums" if drums else program_to_instrument_name(track.program),
        "plugin_name": plugin,
        "program_num": program_of(track),
    }


def write_metadata(
    folder: Path,
    uuid: str,
    source: str,
    stems: dict[str, dict[str, Any]],
    *,
    loudness: float | None,
    peak: float,
    gain: float,
) -> None:
    """Write the file; `loudness` is that of all stems, None where they were not brought to one."""
    content = {
        "UUID": uuid,
        "audio_dir": "stems",
        "lmd_midi_dir": source,  # the real songs are of the Lakh MIDI data set
        "midi_dir": "MIDI",
        "normalization_factor": 0.0 if loudness is None else loudness,
        "normalized": loudness is not None,
        "overall_gain": float(gain),
        "stems": stems,
        "target_peak": peak,
    }
    (folder / "metadata.yaml").write_text(yaml.safe_dump(content, default_flow_style=False), encoding="utf-8")
