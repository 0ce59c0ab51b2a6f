"""How estimates are written: the formats that a user names, and what is done with what is beyond full scale."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprosep.audio.writing import Bits, check_format, write_sound
from reprosep.base.errors import UserError
from reprosep.base.listing import displayed

log = logging.getLogger(__name__)

CLIPS = ("rescale", "clamp", "float")
"""What is done with estimates beyond full scale: all of a song lower, cut, or written as 32-bit floating point."""

_RESCALED_PEAK = 0.99  # of full scale, since what an encoder makes of it may be a little louder


@dataclass(frozen=True)
class Format:
    """A suffix, and what its samples are where it has a choice."""

    suffix: str
    bits: Bits = 16
    floating: bool = False

    def check(self, path: Path, channels: int, rate: int) -> None:
        """:class:`UserError` where such sound cannot be written."""
        check_format(path, channels, rate, floating=self.floating, bits=self.bits)

    def write(self, path: Path, wave: np.ndarray, rate: int) -> None:
        """Write ``(sample, channel)``."""
        write_sound(path, wave, rate, floating=self.floating, bits=self.bits)


FORMATS = {
    "wav": Format(".wav"),
    "wav24": Format(".wav", bits=24),
    "float": Format(".wav", floating=True),
    "flac": Format(".flac"),
    "flac24": Format(".flac", bits=24),
    "mp3": Format(".mp3"),
    "m4a": Format(".m4a"),
    "ogg": Format(".ogg"),
    "opus": Format(".opus"),
}
"""By the names of ``--format``."""


def chosen_format(name: str | None, clip: str, output: Path | None) -> Format:
    """The format of that name, else the one of the output's suffix, else 16-bit wav.

    Raises
    ------
    UserError
        When the output is named as another format, or ``--clip float`` goes with one that has bits.
    """
    if name is None:
        return Format(".wav", floating=clip == "float")
    form = FORMATS[name]
    if clip == "float" and not form.floating:
        raise UserError(
            f"--clip: float with --format {name}, which is no floating point; use --format float, or --clip rescale"
        )
    if output is not None and output.suffix and output.suffix.lower() != form.suffix and not output.is_dir():
        raise UserError(
            f"--output: {output} is named '{output.suffix}', but --format {name} writes '{form.suffix}'; leave one of "
            "the two out, or make them agree"
        )
    return form


def within_full_scale(song: Path, waves: Sequence[np.ndarray]) -> list[np.ndarray]:
    """All with one gain, told, so that they keep their balance, where one of them is beyond full scale."""
    peak = max(float(np.abs(wave).max()) for wave in waves)
    if not 1 < peak < np.inf:  # what is not finite is told in writing
        return list(waves)
    gain = _RESCALED_PEAK / peak
    log.warning(
        "%s: estimates reach %.2f times full scale; written %.2f dB lower, all alike, so that none clips (--clip float "
        "keeps the level in 32-bit wav, --clip clamp cuts)",
        displayed(str(song)),
        peak,
        -20 * np.log10(gain),
    )
    return [wave * np.float32(gain) for wave in waves]
