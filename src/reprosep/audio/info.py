"""What is known of a sound file before it is decoded, and how a file that ends too early is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reprosep.base.errors import UserError

CODEC_SAMPLES = 4096
"""By so many samples what ffmpeg decodes may differ from its header: a codec's priming and its last frame."""


@dataclass(frozen=True)
class SoundInfo:
    """What is known before decoding; where `samples` is not `exact`, up to :data:`CODEC_SAMPLES` more or less come."""

    sample_rate: int
    channels: int
    samples: int
    exact: bool = True


def truncated(path: Path, promised: int, found: int, unit: str) -> UserError:
    """The sentence for a file that holds less than its header promises; `unit` is of both numbers."""
    return UserError(
        f"{path}: truncated, its header promises {promised} {unit} and {found} are there; "
        "copy or download the file again",
        "truncated",
    )


def joined(path: Path) -> UserError:
    """The sentence for several sound files in one, of which decoders read the first."""
    return UserError(
        f"{path}: several recordings one behind the other, of which only the first would be read; convert it to wav "
        "with ffmpeg"
    )
