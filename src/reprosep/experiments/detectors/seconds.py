"""The seconds of a corpus: log-mel spectrograms of all songs, and which instruments play in every second.

A song is the mixture that the separation papers use, mono: the mean of its channels, as users' own songs are heard. A
second is active for an instrument when the confidence of any of its stems reaches ``activity.threshold`` in any of its
frames. Files of ``<corpus>/seconds/``:

- ``split.csv``: the artist-conditional split (:mod:`.split`);
- ``labels.parquet``: song, second, and a column per instrument;
- ``<song>.<digest>.npy``: log-mel spectrogram, float32 ``(band, frame)``, and ``index.parquet`` over them.

Conventions
-----------
Frames are those of a centred STFT; second s begins at frame ``round(s · rate / hop)`` and holds a clip's frames. Only
whole seconds count.

Detectors with an `input_seconds` hear windows of several seconds, from the first frame of the first to the last frame
of the last. A song is cut into consecutive *blocks* of that length, and what is found in one counts for each of its
seconds; the last block, where the song ends before it does, is the song's last whole window. A shorter song is one
block as long as it is.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from reprosep.audio.arrays import load_array, save_array
from reprosep.audio.frames import clip_frames
from reprosep.audio.mel import mel_filters
from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.audio.store import SongArrays, build_song_files, read_table, write_table
from reprosep.base.errors import UserError
from reprosep.base.files import digest, slug, whole_file
from reprosep.base.locks import alone_in
from reprosep.base.seal import is_whole
from reprosep.experiments.detectors.instruments import check_instruments, with_instruments
from reprosep.experiments.detectors.split import draw_split
from reprosep.mixtures.mixing import Mixer
from reprosep.params.scale import Params

FOLDER = "seconds"
FLOOR = 1e-6  # added to the power in a band before the logarithm, full scale 1: below one step of 16 bits
_FORMAT = 1  # raise it when the meaning of the stored spectrograms changes
_CHUNK = 4096  # frames transformed at once


def first_frames(params: Params, seconds: int) -> np.ndarray:
    """The first frame of every clip of a song."""
    step = params.detection.clip_seconds * params.audio.sample_rate / params.stft.hop
    return np.rint(np.arange(seconds) * step).astype(int)


def input_clips(params: Params, seconds: int | None) -> int:
    """Clips in a detector's input of that many seconds; None: one clip."""
    return 1 if seconds is None else round(seconds / params.detection.clip_seconds)


def input_frames(params: Params, clips: int) -> int:
    """Frames of that many consecutive clips, from the first of one to the last of another."""
    return int(first_frames(params, clips)[-1]) + clip_frames(params)


def log_mel(wave: np.ndarray, params: Params) -> np.ndarray:
    """Logarithm of the power in mel bands of a wave ``(sample,)``, float32 ``(band, frame)``."""
    n_fft, settings = params.stft.n_fft, params.detection
    filters = mel_filters(settings.mels, n_fft, params.audio.sample_rate, settings.lowest, settings.highest)
    weights = torch.from_numpy(filters).float()
    spectrum = ChunkedSpectrum(wave[None].astype(np.float32), n_fft, params.stft.hop)
    scale = 2.0 / float(torch.hann_window(n_fft).sum())  # a full-scale sine has a magnitude of one
    parts = []
    for first in range(0, spectrum.frames, _CHUNK):
        magnitudes = spectrum.chunk(first, min(first + _CHUNK, spectrum.frames))[0].abs()
        parts.append((weights @ (magnitudes * scale).square() + FLOOR).log())
    return np.asarray(torch.cat(parts, dim=1).numpy(), dtype=np.float32)


class Seconds:
    """What detectors learn from and are scored on, of one corpus that is computed in ``results/<scale>``."""

    def __init__(self, params: Params, corpus: str, results: Path) -> None:
        self.params, self.corpus, self.data = params, corpus, results / corpus
        self.folder, self.results = self.data / FOLDER, results
        self.instruments = params.detection.instruments

    @cached_property
    def mixer(self) -> Mixer:
        """Of the corpus."""
        return Mixer.of(self.params, self.corpus, self.results)

    @cached_property
    def stems(self) -> pd.DataFrame:
        """Audible stems of known instruments."""
        check_instruments(self.params)
        stems = with_instruments(self.mixer.stems, self.instruments)
        for name in self.instruments:
            if not (stems["instrument"] == name).any():
                raise UserError(
                    f"corpora.{self.corpus}: no stem is a '{name}'; take it out of detection.instruments, or add its "
                    "labels to workflow/detected-instruments.yaml"
                )
        return stems

    # ---- made by the step ----------------------------------------------------------------------------------------

    def build(self, threads: int) -> None:
        """Write the split, the labels and the spectrograms."""
        settings = self.params.detection
        split = draw_split(
            self._split_stems(), self.corpus, self.params.seed, settings.valid_share, settings.test_share
        )
        with whole_file(self.folder / "split.csv") as temporary:
            split.to_csv(temporary, index=False, lineterminator="\n")
        parts = dict(zip(split["song"], split["split"], strict=True))
        labels = pd.concat([self._labelled(song, self.frame_labels(song)) for song in parts], ignore_index=True)
        write_table(self.folder / "labels.parquet", labels)
        build_song_files(split, self.folder, lambda song: [self._row(song, parts[song])], threads, "log-mel")

    def _split_stems(self) -> pd.DataFrame:
        """Stems of known instruments, and one of no instrument for every other test song of the corpus.

        Nothing is learnt from those, but separated songs are gated by what is detected in them.
        """
        test = self.mixer.stems[self.mixer.stems["split"] == "test"].drop_duplicates("song")
        others = test[~test["song"].isin(self.stems["song"])]
        return pd.concat([self.stems, others.assign(instrument="")], ignore_index=True)

    @property
    def _level(self) -> list[Any]:
        """What says how loud stems are in a mixture."""
        return [self.mixer.corpus.mixing, self.params.mixing.rms]

    def _row(self, song: str, split: str) -> dict[str, Any]:
        stored = self.mixer.store.index
        sources = list(stored.loc[stored["song"] == song, "file"])
        keys = ("clip_seconds", "mels", "lowest", "highest")
        settings = [getattr(self.params.detection, key) for key in keys]
        stamp = digest([_FORMAT, sources[0], settings, self.params.stft.model_dump(), self._level])
        file = f"{slug(song)}.{stamp}.npy"
        if not is_whole(self.folder / file):
            _, mixture = self.mixer.render(self.mixer.song_recipe(song, ""))
            save_array(self.folder / file, log_mel(mixture.mean(axis=0), self.params))
        frames = load_array(self.folder / file).shape[1]
        return {"song": song, "split": split, "file": file, "frames": frames, "seconds": self.count(frames)}

    def count(self, frames: int) -> int:
        """Whole seconds (clips) in a song of that many frames."""
        step = self.params.detection.clip_seconds * self.params.audio.sample_rate / self.params.stft.hop
        return max(int((frames - clip_frames(self.params)) / step) + 1, 0) if frames >= clip_frames(self.params) else 0

    def frame_labels(self, song: str) -> np.ndarray:
        """Whether an instrument is active, ``(instrument, frame)``."""
        stems = self.stems[self.stems["song"] == song]
        values = self.mixer.activity.load(song)
        active = np.zeros((len(self.instruments), values.shape[1]), bool)
        for row, name in zip(stems["row"], stems["instrument"], strict=True):
            active[self.instruments.index(name)] |= values[row] >= self.params.activity.threshold
        return active

    def _labelled(self, song: str, active: np.ndarray) -> pd.DataFrame:
        starts = first_frames(self.params, self.count(active.shape[1]))
        wanted = clip_frames(self.params)
        rows = np.array([active[:, start : start + wanted].any(axis=1) for start in starts])
        table = pd.DataFrame(rows.reshape(len(starts), len(self.instruments)), columns=self.instruments)
        table.insert(0, "song", song)
        table.insert(1, "second", np.arange(len(starts), dtype=np.int32))
        return table

    # ---- read by trainings and scores ----------------------------------------------------------------------------

    @cached_property
    def arrays(self) -> SongArrays:
        """The spectrograms by song."""
        return SongArrays(self.folder)

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """Song -> which instruments are active, ``(second, instrument)``."""
        table = read_table(self.folder / "labels.parquet")
        return {str(song): rows[self.instruments].to_numpy(bool) for song, rows in table.groupby("song", sort=False)}

    def songs(self, split: str) -> list[str]:
        """The songs of a part of the split that hold a whole second."""
        index = self.arrays.index
        return list(index.loc[(index["split"] == split) & (index["seconds"] > 0), "song"])

    def spectrogram(self, song: str) -> np.ndarray:
        """The log-mel spectrogram of a song, ``(band, frame)``."""
        return self.arrays.load(song)

    def clips(self, song: str) -> np.ndarray:
        """Every second of a song, float32 ``(second, band, frame)``."""
        return clips_of(self.spectrogram(song), self.params, self.count(self.spectrogram(song).shape[1]))

    def blocks(self, song: str, clips: int) -> np.ndarray:
        """A song in blocks of that many seconds (clips), float32 ``(block, band, frame)``."""
        spectrogram = self.spectrogram(song)
        return blocks_of(spectrogram, self.params, self.count(spectrogram.shape[1]), clips)


def write_seconds(params: Params, name: str, threads: int) -> None:
    """What activity detectors learn from and are scored on; writes ``seconds/``."""
    results = params.results
    with alone_in(results / name, f"seconds {name}"):
        Seconds(params.of_corpus(name), name, results).build(threads)


def clips_of(spectrogram: np.ndarray, params: Params, seconds: int) -> np.ndarray:
    """The first `seconds` clips of a spectrogram ``(band, frame)``, ``(second, band, frame)``."""
    wanted = clip_frames(params)
    clips = [spectrogram[:, start : start + wanted] for start in first_frames(params, seconds)]
    return np.stack(clips) if clips else np.empty((0, len(spectrogram), wanted), np.float32)


def blocks_of(spectrogram: np.ndarray, params: Params, seconds: int, clips: int) -> np.ndarray:
    """The first `seconds` clips of a spectrogram in blocks of `clips`, ``(block, band, frame)``."""
    if not seconds:
        return np.empty((0, len(spectrogram), input_frames(params, clips)), np.float32)
    places = np.minimum(np.arange(0, seconds, clips), max(seconds - clips, 0))
    wanted = min(input_frames(params, min(clips, seconds)), spectrogram.shape[1])
    starts = np.minimum(first_frames(params, seconds)[places], spectrogram.shape[1] - wanted)
    return np.stack([spectrogram[:, start : start + wanted] for start in starts])
