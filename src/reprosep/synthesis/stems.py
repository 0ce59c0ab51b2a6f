"""The stems of a song as mono float32 sound: every track alone, through its patch or plain; and the unsplit song."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reprosep.synthesis.effects import with_effects
from reprosep.synthesis.fluidsynth import Event, Preset, bundled_font, play, play_apart
from reprosep.synthesis.patches import Patch, PatchTable
from reprosep.synthesis.plugins import play_plugin
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.soundfonts import presets
from reprosep.synthesis.tracks import as_played, events_of, program_of

if TYPE_CHECKING:
    from pretty_midi import Instrument

_DRUM_BANK = 128
_SILENT = 1e-5  # peak up to which a stem counts as silent, -100 dB
_POLYPHONY = 1024  # voices of Flakh, where one synthesiser plays all tracks


@dataclass(frozen=True)
class Stem:
    """A track that sounds."""

    name: str
    instrument: Instrument  # as it is played
    sound: np.ndarray
    plugin: str


@dataclass(frozen=True)
class Silent:
    """A track without a stem, and why."""

    name: str
    instrument: Instrument
    reason: str


def stem_name(number: int) -> str:
    """``S00``, ``S01``, …"""
    return f"S{number:02d}"


def patched(
    instruments: list[Instrument], table: PatchTable, settings: SongSettings, samples: int, seed: list[int]
) -> list[Stem | Silent]:
    """Every track through the patch of its program, which tracks of one program share."""
    stems: list[Stem | Silent] = []
    for number, instrument in enumerate(instruments):
        patch = table.draw(program_of(instrument), seed)
        if patch is None:
            stems.append(Silent(stem_name(number), instrument, "its program is not rendered: no patch in the table"))
            continue
        played = as_played(instrument, settings.bass_semitones, settings.low_drums)
        sound = _play_patch(events_of(played), patch, settings.sample_rate, samples)
        stems.append(_checked(stem_name(number), played, sound, patch.name))
    return stems


def plain(instruments: list[Instrument], settings: SongSettings, samples: int) -> list[Stem | Silent]:
    """Every track through FluidSynth's bundled soundfont, without effects, as it sounds in the unsplit song."""
    chosen = [_preset(one) for one in instruments]
    sounds = play_apart(_together(instruments), chosen, settings.sample_rate, samples, _POLYPHONY)
    plugin = bundled_font().name
    return [
        _checked(stem_name(number), *pair, plugin) for number, pair in enumerate(zip(instruments, sounds, strict=True))
    ]


def unsplit(instruments: list[Instrument], settings: SongSettings, samples: int) -> np.ndarray:
    """The whole song through one synthesiser, every track on a channel of its own."""
    chosen = [_preset(one) for one in instruments]
    return _mono(play(_together(instruments), chosen, settings.sample_rate, samples, polyphony=_POLYPHONY))


def _together(instruments: list[Instrument]) -> list[Event]:
    return [event for channel, one in enumerate(instruments) for event in events_of(one, channel)]


def _checked(name: str, instrument: Instrument, sound: np.ndarray, plugin: str) -> Stem | Silent:
    """A stem, unless it is silent."""
    if not any(note.end > note.start for note in instrument.notes):
        return Silent(name, instrument, "no notes")
    if _is_silent(sound):
        return Silent(name, instrument, f"'{plugin}' renders silence")
    return Stem(name, instrument, sound, plugin)


def _is_silent(sound: np.ndarray) -> bool:
    return float(np.abs(sound).max(initial=0.0)) <= _SILENT


def _play_patch(events: list[Event], patch: Patch, sample_rate: int, samples: int) -> np.ndarray:
    if patch.plugin:
        sound = _mono(play_plugin(events, patch.plugin, patch.state, sample_rate, samples))
    else:
        sound = _mono(play(events, [patch.preset], sample_rate, samples, patch.font))
    return sound if _is_silent(sound) else with_effects(sound, patch.chain, sample_rate)  # effects would lift silence


def _preset(instrument: Instrument) -> Preset:
    """The preset of the bundled soundfont: that of the program, the standard kit for unknown kits."""
    if not instrument.is_drum:
        return (0, int(instrument.program))
    kit = (_DRUM_BANK, int(instrument.program))
    return kit if kit in presets(bundled_font()) else (_DRUM_BANK, 0)


def _mono(sound: np.ndarray) -> np.ndarray:
    return np.asarray(sound.mean(axis=0, dtype=np.float32))
