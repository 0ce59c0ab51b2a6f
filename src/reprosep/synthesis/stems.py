"""The stems of a song as mono float32 sound: every track alone, through its patch or plain; and the unsplit song."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprosep.synthesis.effects import with_effects
from reprosep.synthesis.fluidsynth import Event, Preset, bundled_font, play, play_apart
from reprosep.synthesis.midi import Track
from reprosep.synthesis.patches import Patch, PatchTable
from reprosep.synthesis.plugins import play_plugin
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.soundfonts import presets
from reprosep.synthesis.tracks import as_played, events_of, events_together, program_of

_DRUM_BANK = 128
_SILENT = 1e-5  # peak up to which a stem counts as silent, -100 dB
_POLYPHONY = 1024  # voices of Flakh, where one synthesiser plays all tracks


@dataclass(frozen=True)
class Stem:
    """A track that sounds."""

    name: str
    track: Track  # as it is played
    sound: np.ndarray
    plugin: str


@dataclass(frozen=True)
class Silent:
    """A track without a stem, and why."""

    name: str
    track: Track
    reason: str


def stem_name(number: int) -> str:
    """``S00``, ``S01``, …"""
    return f"S{number:02d}"


def patched(
    tracks: Sequence[Track], table: PatchTable, settings: SongSettings, samples: int, seed: list[int]
) -> list[Stem | Silent]:
    """Every track through the patch of its program, which tracks of one program share."""
    stems: list[Stem | Silent] = []
    for number, track in enumerate(tracks):
        patch = table.draw(program_of(track), seed)
        if patch is None:
            stems.append(Silent(stem_name(number), track, "its program is not rendered: no patch in the table"))
            continue
        played = as_played(track, settings.bass_semitones, settings.low_drums)
        sound = _play_patch(events_of(played), patch, settings.sample_rate, samples)
        stems.append(_checked(stem_name(number), played, sound, patch.name))
    return stems


def plain(tracks: Sequence[Track], settings: SongSettings, samples: int) -> list[Stem | Silent]:
    """Every track through FluidSynth's bundled soundfont, without effects, as it sounds in the unsplit song."""
    chosen = [_preset(track) for track in tracks]
    sounds = play_apart(events_together(tracks), chosen, settings.sample_rate, samples, _POLYPHONY)
    plugin = bundled_font().name
    return [_checked(stem_name(number), *pair, plugin) for number, pair in enumerate(zip(tracks, sounds, strict=True))]


def unsplit(tracks: Sequence[Track], settings: SongSettings, samples: int) -> np.ndarray:
    """The whole song through one synthesiser, every track on a channel of its own."""
    chosen = [_preset(track) for track in tracks]
    return _mono(play(events_together(tracks), chosen, settings.sample_rate, samples, polyphony=_POLYPHONY))


def _checked(name: str, track: Track, sound: np.ndarray, plugin: str) -> Stem | Silent:
    """A stem, unless it is silent."""
    if _is_silent(sound):
        return Silent(name, track, f"'{plugin}' renders silence")
    return Stem(name, track, sound, plugin)


def _is_silent(sound: np.ndarray) -> bool:
    return float(np.abs(sound).max(initial=0.0)) <= _SILENT


def _play_patch(events: list[Event], patch: Patch, sample_rate: int, samples: int) -> np.ndarray:
    if patch.plugin:
        sound = _mono(play_plugin(events, patch.plugin, patch.state, sample_rate, samples))
    else:
        sound = _mono(play(events, [patch.preset], sample_rate, samples, patch.font))
    return sound if _is_silent(sound) else with_effects(sound, patch.chain, sample_rate)  # effects would lift silence


def _preset(track: Track) -> Preset:
    """The preset of the bundled soundfont: that of the program, the standard kit for unknown kits."""
    if not track.is_drum:
        return (0, track.program)
    kit = (_DRUM_BANK, track.program)
    return kit if kit in presets(bundled_font()) else (_DRUM_BANK, 0)


def _mono(sound: np.ndarray) -> np.ndarray:
    return np.asarray(sound.mean(axis=0, dtype=np.float32))
