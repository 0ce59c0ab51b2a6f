"""Sound files out, in the format of the suffix.

Conventions
-----------
Samples are float, shape ``(sample, channel)``, full scale is 1. Formats with bits get 16, or 32 as floating point; all
others hold no more than full scale, and what is beyond is cut and told.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import soundfile

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.listing import displayed

log = logging.getLogger(__name__)

_FORMATS = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".flac": "FLAC",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".caf": "CAF",
    ".w64": "W64",
    ".rf64": "RF64",
    ".au": "AU",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".mp3": "MP3",
}
_SUBTYPES = {".opus": "OPUS", ".ogg": "VORBIS", ".oga": "VORBIS", ".mp3": "MPEG_LAYER_III"}  # all others: 16 bits


def write_sound(path: str | Path, samples: np.ndarray, rate: int, *, floating: bool = False) -> None:
    """Write ``(sample, channel)`` in the format of the suffix, whole or not at all.

    Parameters
    ----------
    floating: 32-bit floating point, which holds any level, instead of 16 bits.

    Raises
    ------
    UserError
        When the format cannot hold the channels, rate or floating point, or a sample is not a finite number.
    """
    if not np.isfinite(samples).all():
        raise UserError(
            f"{path}: not written, a sample is not a finite number (NaN or infinity); check what it is made of"
        )
    buffer = _encoded(Path(path), samples, rate, floating)  # in memory: libsndfile does not tell when a disk is full
    beyond = float(np.mean(np.abs(samples) > 1)) if samples.size else 0.0
    if beyond and not floating:
        peak = float(np.abs(samples).max())
        shown = displayed(str(path))
        log.warning("%s: %.2g %% of its samples are beyond full scale (peak %.2f) and cut", shown, 100 * beyond, peak)
    with whole_file(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def check_format(path: Path, channels: int, rate: int, *, floating: bool = False) -> None:
    """Raise what :func:`write_sound` would raise for the format, before there is anything to write."""
    _encoded(path, np.zeros((1, channels), np.float32), rate, floating)


def _encoded(path: Path, samples: np.ndarray, rate: int, floating: bool) -> io.BytesIO:
    suffix, buffer = path.suffix.lower(), io.BytesIO()
    if suffix not in _FORMATS:
        raise UserError(f"{path}: unknown format '{suffix}'; name the output .wav, .flac, .ogg or .mp3")
    subtype = "FLOAT" if floating else _SUBTYPES.get(suffix, "PCM_16")
    try:
        soundfile.write(buffer, samples, rate, subtype=subtype, format=_FORMATS[suffix])
    except (TypeError, ValueError, soundfile.LibsndfileError) as error:
        if floating and not soundfile.check_format(_FORMATS[suffix], "FLOAT"):
            raise UserError(f"{path}: '{suffix}' has no floating point; name the output .wav") from error
        raise UserError(
            f"{path}: {samples.shape[1]} channels at {rate} Hz cannot be written in the format '{suffix}'; "
            "name the output .wav, .flac, .ogg or .mp3"
        ) from error
    return buffer
