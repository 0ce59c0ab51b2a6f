"""FluidSynth as a function: timed events in, float samples out.

Conventions
-----------
Sound is float32 `(2, samples)`. FluidSynth runs without reverb and chorus, one new synthesiser per call, in float (its
16-bit output carries a dither that depends on what was played before), so the same events are the same bytes whenever
and wherever they are played. Events are placed on the edges of FluidSynth's blocks of 64 samples.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.resources
from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from reprosep.errors import UserError

_BLOCK = 64  # FluidSynth computes sound in blocks of 64 samples
_GAIN = 0.4
_FONTS_KEPT = 4
_HOW = "install it with 'apt-get install fluidsynth' or 'conda install -c conda-forge fluidsynth'"

Preset = tuple[int, int]  # bank and number


class Kind(IntEnum):
    """What an event does, in the order in which events of one time are done."""

    NOTE_OFF = 0  # first: a repeated pitch ends before it starts again
    CONTROL = 1
    BEND = 2
    NOTE_ON = 3


class Event(NamedTuple):
    """`first` and `second` are pitch and velocity, controller and value, or bend (-8192 to 8191) and 0."""

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
    path = str(font or bundled_font())
    _kept_font(path, sample_rate)
    synth, number = _new_synthesiser(path, sample_rate, polyphony)
    for channel, (bank, preset) in enumerate(presets):
        synth.program_select(channel, number, bank, preset)
    blocks = -(-samples // _BLOCK)
    sound = np.zeros((2, blocks * _BLOCK), dtype=np.float32)
    done = 0
    for event in sorted(events):
        block = min(int(event.time * sample_rate / _BLOCK), blocks)
        _write(synth, sound, done * _BLOCK, (block - done) * _BLOCK)
        done = max(done, block)
        _do(synth, event)
    _write(synth, sound, done * _BLOCK, (blocks - done) * _BLOCK)
    synth.delete()
    return sound[:, :samples]


def _do(synth: Any, event: Event) -> None:
    if event.kind == Kind.NOTE_ON:
        synth.noteon(event.channel, event.first, event.second)
    elif event.kind == Kind.NOTE_OFF:
        synth.noteoff(event.channel, event.first)
    elif event.kind == Kind.CONTROL:
        synth.cc(event.channel, event.first, event.second)
    else:
        synth.pitch_bend(event.channel, event.first)


@functools.lru_cache(maxsize=_FONTS_KEPT)
def _kept_font(font: str, sample_rate: int) -> Any:
    """A synthesiser that is never played: as long as it lives, the samples of the soundfont stay in memory."""
    return _new_synthesiser(font, sample_rate, None)


def _new_synthesiser(font: str, sample_rate: int, polyphony: int | None) -> tuple[Any, int]:
    import fluidsynth

    synth = fluidsynth.Synth(gain=_GAIN, samplerate=float(sample_rate))
    synth.setting("synth.reverb.active", 0)
    synth.setting("synth.chorus.active", 0)
    if polyphony is not None:
        synth.setting("synth.polyphony", polyphony)
    return synth, int(synth.sfload(font))


def _write(synth: Any, sound: np.ndarray, first: int, count: int) -> None:
    """Let the synthesiser write `count` float samples into both rows of `sound` from `first` on."""
    if count <= 0:
        return
    import fluidsynth

    pointers = [ctypes.c_void_p(row.ctypes.data) for row in sound]
    status = fluidsynth._fl.fluid_synth_write_float(
        ctypes.c_void_p(synth.synth), count, pointers[0], first, 1, pointers[1], first, 1
    )
    if status != 0:
        raise RuntimeError(f"FluidSynth could not write {count} samples")
