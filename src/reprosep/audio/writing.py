"""Sound files out, in the format of the suffix.

Conventions
-----------
Samples are float, shape ``(sample, channel)``, full scale is 1. Formats with bits get 16, 24, or 32 as floating point;
all others hold no more than full scale, and what is beyond is cut and told. Opus knows few rates, of which other sound
takes the highest.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from reprosep.audio.aac import encoded_aac
from reprosep.audio.io import resample
from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.listing import displayed

log = logging.getLogger(__name__)

Bits = Literal[16, 24]

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
_AAC = ".m4a"  # by ffmpeg
_SUBTYPES = {".opus": "OPUS", ".ogg": "VORBIS", ".oga": "VORBIS", ".mp3": "MPEG_LAYER_III"}  # all others have bits
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)  # Hz
_NAMES = ".wav, .flac, .ogg, .opus, .mp3 or .m4a"


def write_sound(path: str | Path, samples: np.ndarray, rate: int, *, floating: bool = False, bits: Bits = 16) -> None:
    """Write ``(sample, channel)`` in the format of the suffix, whole or not at all.

    Parameters
    ----------
    floating: 32-bit floating point, which holds any level, instead of `bits`.
    bits: of formats that have some.

    Raises
    ------
    UserError
        When the format cannot hold the channels, rate or floating point, or a sample is not a finite number.
    """
    if not np.isfinite(samples).all():
        raise UserError(
            f"{path}: not written, a sample is not a finite number (NaN or infinity); check what it is made of"
        )
    beyond = float(np.mean(np.abs(samples) > 1)) if samples.size else 0.0
    if beyond and not floating:
        peak = float(np.abs(samples).max())
        shown = displayed(str(path))
        log.warning("%s: %.2g %% of its samples are beyond full scale (peak %.2f) and cut", shown, 100 * beyond, peak)
        samples = np.clip(samples, -1, 1)  # as the formats with bits do, in those that are coded too
    content = _encoded(Path(path), samples, rate, floating, bits)  # libsndfile does not tell when a disk is full
    with whole_file(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def check_format(path: Path, channels: int, rate: int, *, floating: bool = False, bits: Bits = 16) -> None:
    """Raise what :func:`write_sound` would raise for the format, before there is anything to write."""
    _encoded(path, np.zeros((1, channels), np.float32), rate, floating, bits)


def _encoded(path: Path, samples: np.ndarray, rate: int, floating: bool, bits: Bits) -> io.BytesIO:
    suffix = path.suffix.lower()
    if suffix not in (*_FORMATS, _AAC):
        raise UserError(f"{path}: unknown format '{suffix}'; name the output {_NAMES}")
    if floating and (suffix == _AAC or not soundfile.check_format(_FORMATS[suffix], "FLOAT")):
        raise UserError(f"{path}: '{suffix}' has no floating point; name the output .wav")
    try:
        if suffix == _AAC:
            return io.BytesIO(encoded_aac(samples, rate))
        return _by_libsndfile(suffix, samples, rate, "FLOAT" if floating else f"PCM_{bits}")
    except (TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise UserError(
            f"{path}: {samples.shape[1]} channels at {rate} Hz cannot be written in the format '{suffix}'; "
            f"name the output {_NAMES}"
        ) from error


def _by_libsndfile(suffix: str, samples: np.ndarray, rate: int, bits: str) -> io.BytesIO:
    buffer = io.BytesIO()
    if suffix == ".opus" and rate not in _OPUS_RATES:
        samples, rate = resample(samples, rate, _OPUS_RATES[-1]), _OPUS_RATES[-1]
    soundfile.write(buffer, samples, rate, subtype=_SUBTYPES.get(suffix, bits), format=_FORMATS[suffix])
    return buffer
