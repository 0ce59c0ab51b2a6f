"""Lengths in frames and samples that parameters in seconds stand for."""

from __future__ import annotations

from reprosep.params.scale import Params


def chunk_samples(params: Params) -> int:
    """Samples of a training chunk: a whole number of hops, so that its frames are frames of the song."""
    samples = round(params.training.chunk_seconds * params.audio.sample_rate)
    return samples - samples % params.stft.hop


def clip_frames(params: Params) -> int:
    """Frames of a clip that a detector is shown."""
    return max(round(params.detection.clip_seconds * params.audio.sample_rate / params.stft.hop), 1)
