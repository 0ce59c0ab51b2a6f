"""How probable it is that an instrument plays in a second of a song: by a detector, or by networks' activity heads.

Conventions
-----------
Probabilities are float64 ``(second, target)``; the last second is as short as the song leaves it. Mono networks hear
the mean of all channels. A head tells frames, of which a second takes the median. A detector tells clips that begin
with a second; after the song's end it hears silence. One that hears several seconds at once tells blocks of the song,
and each of their seconds is as its block (:mod:`.detectors.seconds`). In a second of digital silence nothing
plays, whatever a network thinks of it.

References
----------
Hung and Lerch 2020, Section 4.2.3 (median of the frames of a second).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from reprosep.audio.io import read_sound, resample, to_channels
from reprosep.base.progress import track
from reprosep.experiments.detectors.estimate import of_blocks
from reprosep.experiments.detectors.seconds import FLOOR, blocks_of, first_frames, input_clips, log_mel
from reprosep.experiments.fit import chunk_samples, clip_frames
from reprosep.experiments.sources.estimate import separate_sources
from reprosep.experiments.target.estimate import ChunkedSpectrum
from reprosep.models.whole_song import estimate_song
from reprosep.params.scale import Params
from reprosep.tools.own_songs.runs import TrainedRun

_SILENT = 2.0**-16  # half a step of 16 bits, full scale 1
_CLIPS = 64  # clips between two reports of progress
_DECIMALS = 4  # so that what is written and what is drawn agree on every threshold


@dataclass(frozen=True)
class Song:
    """The samples ``(sample, channel)`` of a sound file and their rate in Hz."""

    samples: np.ndarray
    rate: int

    @classmethod
    def read(cls, path: Path) -> Song:
        """Any sound file; :class:`UserError` when it cannot be read."""
        return cls(*read_sound(path))

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.samples) / self.rate

    @property
    def seconds(self) -> int:
        """Seconds that are told, the last one as short as it is."""
        return -(-len(self.samples) // self.rate)

    def wave(self, rate: int, channels: int) -> np.ndarray:
        """The song as a network wants it, float32 ``(channel, sample)``."""
        wanted = resample(to_channels(self.samples, channels), self.rate, rate)
        return np.ascontiguousarray(wanted.T, dtype=np.float32)

    def silent(self) -> np.ndarray:
        """Whether a second holds nothing but digital silence, bool ``(second,)``."""
        peaks = np.abs(self.samples).max(axis=1)
        return np.asarray(np.maximum.reduceat(peaks, np.arange(self.seconds) * self.rate) < _SILENT)


def probabilities(run: TrainedRun, song: Song) -> np.ndarray:
    """Probability of every target of a run in every second, ``(second, target)``."""
    if run.system.is_detector:
        found = _of_detector(run, song)
    elif run.system.sources:
        found = _of_sources(run, song)
    else:
        found = _of_head(run, song)
    found[song.silent()] = 0.0
    return np.round(found, _DECIMALS)


def _of_detector(run: TrainedRun, song: Song) -> np.ndarray:
    settings = run.params.detection
    spectrogram = log_mel(song.wave(run.params.audio.sample_rate, 1)[0], run.params)
    count, clips = math.ceil(song.seconds / settings.clip_seconds), input_clips(run.params, run.system.input_seconds)
    blocks = blocks_of(to_the_end(spectrogram, run.params, count), run.params, count, clips)
    model, together = run.model(), max(_CLIPS // clips, 1)
    firsts = range(0, len(blocks), together)
    parts = [
        of_blocks(model, blocks[first : first + together], clips, count - first * clips)
        for first in track(firsts, _title(run), len(firsts))
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


def _of_head(run: TrainedRun, song: Song) -> np.ndarray:
    """Of a network that estimates one target: its activity head alone, part by part."""
    params, model = run.params, run.model()
    spectrum = ChunkedSpectrum(song.wave(params.audio.sample_rate, run.channels), params.stft.n_fft, params.stft.hop)
    chunk = params.separation.chunk_frames
    parts = estimate_song(model, lambda first, end: spectrum.chunk(first, end).abs(), spectrum.frames, chunk)
    told = track(parts, _title(run), -(-spectrum.frames // chunk))
    logits = torch.cat([logit for _, _, logit in told if logit is not None])
    return seconds_of_frames(torch.sigmoid(logits.double()).numpy()[None], run.params, song.seconds)


def _of_sources(run: TrainedRun, song: Song) -> np.ndarray:
    """Of a network that estimates several sources: chunk by chunk, which it separates independently."""
    params, model, size = run.params, run.model(), chunk_samples(run.params)
    sizes, wave = params.models.of_sources(str(run.system.model)), song.wave(params.audio.sample_rate, 1)[0]
    parts, frames = [], size // params.stft.hop
    firsts = range(0, len(wave), size)
    for first in track(firsts, _title(run), len(firsts)):
        found = separate_sources(model, wave[first : first + size], params, sizes, size, len(run.targets)).probability
        assert found is not None
        parts.append(found[:, :frames] if first + size < len(wave) else found)  # a shared frame is the later chunk's
    return seconds_of_frames(np.concatenate(parts, axis=1), params, song.seconds)


def seconds_of_frames(frames: np.ndarray, params: Params, seconds: int) -> np.ndarray:
    """Per second the median over its frames ``(target, frame)``; one too short for a frame is as the one before."""
    times = np.arange(frames.shape[1]) * params.stft.hop / params.audio.sample_rate
    owner = np.minimum(times, seconds - 1).astype(int)
    table = pd.DataFrame(frames.T).groupby(owner).median()
    return np.array(table.reindex(range(seconds)).ffill(), dtype=np.float64)


def _title(run: TrainedRun) -> str:
    return f"listening with {run.id}"
