"""FluidSynth as a function: timed events in, float samples out.

Conventions
-----------
Sound is float32 `(2, samples)`. FluidSynth runs without reverb and chorus, one new synthesiser per call, in float (its
16-bit output carries a dither that depends on what was played before), so the same events are the same bytes whenever
and wherever they are played. Events are done in the order in which they are given, on the edges of FluidSynth's blocks
of 64 samples.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.resources
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from reprosep.base.errors import UserError

_BLOCK = 64  # FluidSynth computes sound in blocks of 64 samples
_GAIN = 0.4
_FONTS_KEPT = 4
_WARNING = 2  # FluidSynth's level of messages
_WRITTEN_AT_ONCE = 64 * 256  # samples
_HOW = "install it with 'apt-get install fluidsynth' or 'conda install -c conda-forge fluidsynth'"

Preset = tuple[int, int]  # bank and number


class Kind(IntEnum):
    """What an event does. Sorted, a repeated pitch ends before it starts again."""

    NOTE_OFF = 0
    CONTROL = 1
    BEND = 2
    NOTE_ON = 3
    PRESSURE = 4
    KEY_PRESSURE = 5


class Event(NamedTuple):
    """`first` and `second` are pitch and velocity or pressure, controller and value, or a value alone.

    A bend is a value from -8192 to 8191.
    """

    time: float
    kind: Kind
    channel: int
    first: int
    second: int


def is_installed() -> bool:
    """Whether the FluidSynth library and its Python binding are there."""
    try:
        import fluidsynth  # noqa: F401
    except (ImportError, OSError, AttributeError):
        return False
    return True


def require_fluidsynth() -> None:
    """Raise :class:`UserError` when FluidSynth is missing."""
    if not is_installed():
        raise UserError(f"fluidsynth: not found, and the songs are rendered with it; {_HOW}")


def bundled_font() -> Path:
    """TimGM6mb.sf2, which pretty_midi brings along."""
    return Path(str(importlib.resources.files("pretty_midi") / "TimGM6mb.sf2"))


def play(
    events: Iterable[Event],
    presets: Sequence[Preset],
    sample_rate: int,
    samples: int,
    font: Path | None = None,
    polyphony: int | None = None,
) -> np.ndarray:
    """Play `events` with one preset per channel, by default with the bundled soundfont; float32 `(2, samples)`.

    `polyphony` is the number of voices that may sound at once, by default FluidSynth's own.
    """
    synth = _ready(str(font or bundled_font()), presets, sample_rate, _with(polyphony))
    sound = np.zeros((2, _blocks(samples) * _BLOCK), dtype=np.float32)
    _perform(synth, events, sample_rate, samples, partial(_write, synth, sound))
    return sound[:, :samples]


def play_apart(
    events: Iterable[Event],
    presets: Sequence[Preset],
    sample_rate: int,
    samples: int,
    polyphony: int | None = None,
) -> np.ndarray:
    """The same performance with every channel apart, mono; float32 `(channels, samples)`, 128 channels at most.

    What FluidSynth plays depends a little on what it played before: the first block of a note carries something of
    the note that had its voice before. So channels that are played one at a time are not quite what is heard of them
    when all are played together; these here are, and their sum is.
    """
    settings = {"synth.audio-channels": len(presets), "synth.audio-groups": len(presets)}
    synth = _ready(str(bundled_font()), presets, sample_rate, settings | _with(polyphony))
    sound = np.zeros((len(presets), _blocks(samples) * _BLOCK), dtype=np.float32)
    sides = np.zeros((2, len(presets), _WRITTEN_AT_ONCE), dtype=np.float32)
    _perform(synth, events, sample_rate, samples, partial(_write_apart, synth, sound, sides))
    return sound[:, :samples]


def _blocks(samples: int) -> int:
    return -(-samples // _BLOCK)


def _with(polyphony: int | None) -> dict[str, int]:
    return {} if polyphony is None else {"synth.polyphony": polyphony}


def _ready(font: str, presets: Sequence[Preset], sample_rate: int, settings: dict[str, int]) -> Any:
    """A new synthesiser with its presets chosen."""
    _kept_font(font, sample_rate)
    synth, number = _new_synthesiser(font, sample_rate, settings)
    for channel, (bank, preset) in enumerate(presets):
        synth.program_select(channel, number, bank, preset)
    return synth


def _perform(
    synth: Any, events: Iterable[Event], sample_rate: int, samples: int, write: Callable[[int, int], None]
) -> None:
    """Do the events and `write` (from a sample on, so many) what sounds between them; deletes the synthesiser."""
    blocks, done = _blocks(samples), 0
    for event in events:
        block = int(event.time * sample_rate / _BLOCK)
        if block >= blocks:
            break  # events that are not followed by sound would fill FluidSynth's queue
        if block > done:
            write(done * _BLOCK, (block - done) * _BLOCK)
            done = block
        _do(synth, event)
    if blocks > done:
        write(done * _BLOCK, (blocks - done) * _BLOCK)
    synth.delete()


def _do(synth: Any, event: Event) -> None:
    import fluidsynth

    if event.kind == Kind.NOTE_ON:
        synth.noteon(event.channel, event.first, event.second)
    elif event.kind == Kind.NOTE_OFF:
        synth.noteoff(event.channel, event.first)
    elif event.kind == Kind.CONTROL:
        synth.cc(event.channel, event.first, event.second)
    elif event.kind == Kind.BEND:
        synth.pitch_bend(event.channel, event.first)
    elif event.kind == Kind.PRESSURE:
        fluidsynth._fl.fluid_synth_channel_pressure(ctypes.c_void_p(synth.synth), event.channel, event.first)
    else:
        fluidsynth._fl.fluid_synth_key_pressure(ctypes.c_void_p(synth.synth), event.channel, event.first, event.second)


@functools.lru_cache(maxsize=_FONTS_KEPT)
def _kept_font(font: str, sample_rate: int) -> Any:
    """A synthesiser that is never played: as long as it lives, the samples of the soundfont stay in memory."""
    return _new_synthesiser(font, sample_rate, {})


def _new_synthesiser(font: str, sample_rate: int, settings: dict[str, int]) -> tuple[Any, int]:
    import fluidsynth

    fluidsynth._fl.fluid_set_log_function(_WARNING, None, None)  # one line per event of an odd song
    # Settings are given before the synthesiser is made: its queue of events is as long as its voices need.
    synth = fluidsynth.Synth(gain=_GAIN, samplerate=float(sample_rate), **settings)
    synth.setting("synth.reverb.active", 0)
    synth.setting("synth.chorus.active", 0)
    return synth, int(synth.sfload(font))


def _write(synth: Any, sound: np.ndarray, first: int, count: int) -> None:
    """Let the synthesiser write `count` float samples into both rows of `sound` from `first` on."""
    import fluidsynth

    pointers = [ctypes.c_void_p(row.ctypes.data) for row in sound]
    status = fluidsynth._fl.fluid_synth_write_float(
        ctypes.c_void_p(synth.synth), count, pointers[0], first, 1, pointers[1], first, 1
    )
    if status != 0:
        raise RuntimeError(f"FluidSynth could not write {count} samples")


def _write_apart(synth: Any, sound: np.ndarray, sides: np.ndarray, first: int, count: int) -> None:
    """The same with every channel in a row of its own: the mean of its sides."""
    import fluidsynth

    left, right = ((ctypes.c_void_p * len(side))(*(row.ctypes.data for row in side)) for side in sides)
    for start in range(first, first + count, _WRITTEN_AT_ONCE):
        size = min(_WRITTEN_AT_ONCE, first + count - start)
        status = fluidsynth._fl.fluid_synth_nwrite_float(ctypes.c_void_p(synth.synth), size, left, right, None, None)
        if status != 0:
            raise RuntimeError(f"FluidSynth could not write {size} samples of {len(sound)} channels")
        sound[:, start : start + size] = sides[:, :, :size].mean(axis=0)
