"""The presets of a soundfont, read from its header alone.

References
----------
SoundFont 2.01 specification, section 7.2 (the PHDR sub-chunk): records of 38 bytes, the last one an end mark.
"""

from __future__ import annotations

import functools
import struct
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.synthesis.fluidsynth import Preset

_RECORD = struct.Struct("<20sHH14x")  # name, preset, bank
_MOST_BYTES = 38 * 65536  # of presets; a damaged header may promise gigabytes
_HEADER = struct.Struct("<4sI")
_LISTS = (b"RIFF", b"LIST")  # chunks that hold chunks behind a word that tells their kind


@functools.cache
def presets(path: Path) -> dict[Preset, str]:
    """(bank, preset) -> name.

    Raises
    ------
    UserError
        When the file is missing or is no soundfont.
    """
    try:
        with path.open("rb") as file:
            records = _preset_headers(file)
    except OSError as error:
        raise UserError(
            f"{path}: soundfont not readable ({(error.strerror or str(error)).lower()}); install it, or take its "
            "patches out of the table of patches"
        ) from error
    if records is None:
        raise UserError(f"{path}: no presets found, expected a soundfont (.sf2); get the file anew")
    whole = len(records) // _RECORD.size * _RECORD.size
    names = {}
    for name, preset, bank in list(_RECORD.iter_unpack(records[:whole]))[:-1]:
        names[bank, preset] = name.split(b"\0")[0].decode("latin-1").strip()
    return names


def _preset_headers(file: object) -> bytes | None:
    """The content of the chunk PHDR, found by walking over the chunks before it."""
    read, seek = file.read, file.seek  # type: ignore[attr-defined]
    while len(head := read(_HEADER.size)) == _HEADER.size:
        name, size = _HEADER.unpack(head)
        if name == b"phdr":
            return bytes(read(min(size, _MOST_BYTES)))
        if name in _LISTS:
            read(4)
        else:
            seek(size + size % 2, 1)
    return None
