"""A training of a detector on noise."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from reprosep.experiments.data import CorpusData
from reprosep.experiments.detectors.examples import LabelledClips
from reprosep.experiments.detectors.seconds import Seconds, input_clips, input_frames
from reprosep.experiments.detectors.training import DetectorTraining
from reprosep.experiments.noise import SONGS
from reprosep.papers.run import Run
from reprosep.papers.system import DetectorSystem

_LONGER = 4  # times a detector's input: the length of a song of noise


class NoiseSeconds(Seconds):
    """Songs of random spectrograms and labels; one of them validates."""

    input_clips = 1

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        count = _LONGER * self.input_clips
        return {f"noise {number}": np.ones((count, len(self.instruments)), bool) for number in range(SONGS)}

    def songs(self, split: str) -> list[str]:
        """All but the last train."""
        names = list(self.labels)
        return names[:-1] if split == "train" else names[-1:]

    def spectrogram(self, song: str) -> np.ndarray:
        """Random log-mel spectrogram, ``(band, frame)``."""
        frames = input_frames(self.params, len(self.labels[song])) + 1
        random = np.random.default_rng(list(self.labels).index(song))
        return random.standard_normal((self.params.detection.mels, frames), dtype=np.float32)

    def frame_labels(self, song: str) -> np.ndarray:
        """Everything plays, ``(instrument, frame)``."""
        return np.ones((len(self.instruments), self.spectrogram(song).shape[1]), bool)


def training_on_noise(data: CorpusData, run: Run, system: DetectorSystem) -> DetectorTraining:
    """A training on random spectrograms."""
    assert run.seed is not None
    seconds, heard = NoiseSeconds(data.params, data.corpus, data.results), system.input_seconds
    seconds.input_clips = input_clips(data.params, heard)
    return DetectorTraining(data.params, run, system, LabelledClips(seconds, run.seed, data.device, heard))
