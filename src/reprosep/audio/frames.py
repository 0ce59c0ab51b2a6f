"""Lengths in frames and samples, and counts of clips, that parameters in seconds and hours stand for."""

from __future__ import annotations

from typing import Literal

from reprosep.params.scale import Params

_HOUR = 3600.0  # seconds


def chunk_samples(params: Params) -> int:
    """Samples of a training chunk: a whole number of hops, so that its frames are frames of the song."""
    samples = round(params.training.chunk_seconds * params.audio.sample_rate)
    return samples - samples % params.stft.hop


def clip_frames(params: Params) -> int:
    """Frames of a clip that a detector is shown."""
    return max(round(params.detection.clip_seconds * params.audio.sample_rate / params.stft.hop), 1)


def clip_count(params: Params, hours: Literal["small", "large"]) -> int:
    """How many clips make ``clips.small_hours`` or ``clips.large_hours``."""
    wanted = params.clips.small_hours if hours == "small" else params.clips.large_hours
    return max(round(wanted * _HOUR / params.clips.seconds), 1)
