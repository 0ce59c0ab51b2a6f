"""A trained detector on a user's song.

It tells clips that begin with a second; after the song's end it hears silence. One that hears several seconds at once
tells blocks of the song, and each of their seconds is as its block (:mod:`.seconds`).
"""

from __future__ import annotations

import math

import numpy as np
import torch

from reprosep.audio.frames import clip_frames
from reprosep.base.progress import track
from reprosep.experiments.detectors.estimate import block_probabilities
from reprosep.experiments.detectors.seconds import FLOOR, blocks_of, first_frames, input_clips, log_mel
from reprosep.experiments.song import Song
from reprosep.experiments.trained import TrainedRun
from reprosep.papers.system import DetectorSystem
from reprosep.params.scale import Params

_CLIPS = 64  # clips between two reports of progress


def probabilities(run: TrainedRun, song: Song, device: torch.device) -> np.ndarray:
    """Probability of every instrument in every second, ``(second, instrument)``."""
    system, settings = run.system, run.params.detection
    assert isinstance(system, DetectorSystem)
    spectrogram = log_mel(song.wave(run.params.audio.sample_rate, 1)[0], run.params)
    count, clips = math.ceil(song.seconds / settings.clip_seconds), input_clips(run.params, system.input_seconds)
    blocks = blocks_of(to_the_end(spectrogram, run.params, count), run.params, count, clips)
    model, together = run.model(device), max(_CLIPS // clips, 1)
    firsts = range(0, len(blocks), together)
    parts = [
        block_probabilities(model, blocks[first : first + together], clips, count - first * clips)
        for first in track(firsts, run.title, len(firsts))
    ]
    return seconds_of_clips(np.concatenate(parts), settings.clip_seconds, song.seconds)


def to_the_end(spectrogram: np.ndarray, params: Params, count: int) -> np.ndarray:
    """A log-mel spectrogram ``(band, frame)`` that holds `count` clips: where it ends, silence goes on."""
    missing = max(first_frames(params, count)[-1] + clip_frames(params) - spectrogram.shape[1], 0)
    return np.pad(spectrogram, ((0, 0), (0, missing)), constant_values=math.log(FLOOR))


def seconds_of_clips(clips: np.ndarray, clip_seconds: float, seconds: int) -> np.ndarray:
    """Per second the maximum over the clips ``(clip, target)`` that it shares time with."""
    places = np.arange(seconds)
    firsts = np.minimum(np.floor(places / clip_seconds).astype(int), len(clips) - 1)
    ends = np.maximum(np.ceil((places + 1) / clip_seconds).astype(int), firsts + 1)
    return np.stack([clips[first:end].max(axis=0) for first, end in zip(firsts, ends, strict=True)])
