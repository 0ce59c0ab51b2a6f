"""Instrument plugins (VST3, Audio Unit) in the place of a soundfont: a studio's own instruments."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.base.errors import UserError
from reprosep.synthesis.fluidsynth import Event, Kind

SUFFIXES = (".vst3", ".component")
_STATUS = {
    Kind.NOTE_OFF: 0x80,
    Kind.NOTE_ON: 0x90,
    Kind.KEY_PRESSURE: 0xA0,
    Kind.CONTROL: 0xB0,
    Kind.PRESSURE: 0xD0,
    Kind.BEND: 0xE0,
}
_BEND_CENTRE = 8192
_SEVEN_BITS = 0x7F


@functools.lru_cache(maxsize=1)
def load(path: str, state: str | None) -> Any:
    """The plugin of that file in that state; the last one stays loaded.

    Raises
    ------
    UserError
        When the file or the state is missing, is not loaded by this system, or is not an instrument.
    """
    import pedalboard

    for file, what in ((path, "plugin"), (state, "state of a plugin")):
        if file is not None and not Path(file).exists():
            raise UserError(f"{file}: {what} not found; install it, or take its patches out of the table of patches")
    try:
        plugin: Any = pedalboard.load_plugin(path)  # type: ignore[attr-defined]
        if state is not None:
            plugin.raw_state = Path(state).read_bytes()
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"{path}: not loaded as a plugin ({reason}); give one built for this system") from error
    if not plugin.is_instrument:
        raise UserError(f"{path}: is an effect, expected an instrument; name the instrument's file")
    return plugin


def play_plugin(events: Iterable[Event], path: str, state: str | None, sample_rate: int, samples: int) -> np.ndarray:
    """Play `events`, in their order, with a plugin; float32 `(2, samples)`."""
    messages = [(message(event), event.time) for event in events]
    sound = load(path, state)(messages, duration=samples / sample_rate, sample_rate=sample_rate, num_channels=2)
    short = max(samples - sound.shape[1], 0)
    return np.asarray(np.pad(sound, ((0, 0), (0, short)))[:, :samples], dtype=np.float32)


def message(event: Event) -> bytes:
    """The bytes of a MIDI message, three but for pressure."""
    status = _STATUS[event.kind] | event.channel
    if event.kind == Kind.BEND:
        value = event.first + _BEND_CENTRE
        return bytes([status, value & _SEVEN_BITS, value >> 7])
    if event.kind == Kind.PRESSURE:
        return bytes([status, event.first])
    return bytes([status, event.first, event.second])
