"""Clips: excerpts of songs in which a target is present, to train on and to validate with.

- *coherent*: all stems of one song at the same time.
- *incoherent*: a clip of every class, each from any song and from where that class is present, all of equal loudness.

Clip `i` of a corpus, target and way of mixing is a function of (seed, i) alone, so that more hours of clips begin with
the same ones. Clips are recipes (:class:`.mixing.Recipe`) in a table like that of song mixtures, with one column more,
``mixing``.

References
----------
Manilow et al., Slakh (WASPAA 2019), Section 3.2: 10-s clips at random offsets, target above -30 dB RMS; equal loudness
(ITU-R BS.1770) and one gain against clipping as in Section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from reprosep.audio.store import FULL_SCALE, write_table
from reprosep.base.errors import UserError
from reprosep.base.files import digest
from reprosep.base.progress import track
from reprosep.mixtures.mixing import Excerpt, Mixer, Recipe, recipe_rows
from reprosep.papers.system import Way
from reprosep.params.scale import Params

Split = Literal["train", "valid"]
_TINY = 1e-20
_WHOLE = slice(None)


def clip_samples(params: Params) -> int:
    """Samples of a clip: a whole number of hops."""
    return _whole_hops(params, params.clips.seconds)


def _whole_hops(params: Params, seconds: float) -> int:
    samples = round(seconds * params.audio.sample_rate)
    return max(samples // params.stft.hop, 1) * params.stft.hop


class Clips:
    """Draws clips of one target from the songs of a corpus; :class:`UserError` when it is not mono."""

    def __init__(self, mixer: Mixer, target: str) -> None:
        import pyloudnorm  # takes seconds, and most who ask about clips draw none

        if mixer.corpus.channels != 1:  # presence and loudness are those of one channel, and so are the networks
            raise UserError(
                f"'{mixer.corpus.title}' has {mixer.corpus.channels} channels, but clips are for mono networks; "
                "set the corpus's channels to 1"
            )
        self.mixer, self.params, self.target = mixer, mixer.params, target
        self.samples = clip_samples(self.params)
        self._places = lru_cache(maxsize=None)(self._find_places)
        self._meter = pyloudnorm.Meter(self.params.audio.sample_rate)

    def table(self, counts: Mapping[tuple[Split, Way], int]) -> pd.DataFrame:
        """That many clips of every split and way, one row per (clip, stem).

        Raises
        ------
        UserError
            When the target, or for incoherent clips another class, is nowhere present in a split.
        """
        rows = []
        for (split, way), count in counts.items():
            for number in track(range(count), f"{way} {split} clips of {self.target}", count):
                recipe = self.clip(split, way, number)
                rows += [row | {"mixing": way} for row in recipe_rows(recipe, split, self.target)]
        return pd.DataFrame(rows)

    def clip(self, split: Split, way: Way, number: int) -> Recipe:
        """Clip `number` of a split."""
        stream = int(digest([split, way, self.target], 15), 16)
        draw = np.random.Generator(np.random.Philox(key=[self.params.seed + (stream << 1), number]))
        name = f"{split} {way} {number}"
        if way == "incoherent":
            return self._balanced(name, [self._drawn(target, split, draw) for target in self._classes])
        song, start = self._drawn(self.target, split, draw)[0]
        stems = self.mixer.stems[self.mixer.stems["song"] == song]
        return Recipe(name, self.samples, tuple(self._excerpts(song, start, stems, 1.0)))

    @property
    def _classes(self) -> list[str]:
        return list(self.mixer.corpus.targets)

    def _excerpts(self, song: str, start: int, stems: pd.DataFrame, gain: float) -> Iterator[Excerpt]:
        for row, target in zip(stems["row"], stems["target"], strict=True):
            role: Literal["target", "accompaniment"] = "target" if target == self.target else "accompaniment"
            yield Excerpt(song, int(row), start, gain, role)

    def _drawn(self, target: str, split: Split, draw: np.random.Generator) -> list[tuple[str, int]]:
        """A random song that holds a class, and a random start where it is present."""
        songs = self._places(split, target)
        if not songs:
            raise UserError(
                f"'{self.mixer.corpus.title}': no {split} song holds '{target}' at {self.params.clips.presence:g} dB "
                f"for {self.params.clips.seconds:g} s; lower clips.presence or clips.seconds, or add songs"
            )
        song, starts = songs[draw.integers(len(songs))]
        return [(song, int(starts[draw.integers(len(starts))]))]

    def _balanced(self, name: str, drawn: list[list[tuple[str, int]]]) -> Recipe:
        """Sources of equal loudness, with one gain against clipping."""
        excerpts: list[Excerpt] = []
        mixture = np.zeros(self.samples)
        for target, ((song, start),) in zip(self._classes, drawn, strict=True):
            wave = self._wave(song, target, slice(start, start + self.samples)) / FULL_SCALE
            gain = 10 ** ((self.params.clips.loudness - self._loudness(wave)) / 20)
            mixture[: len(wave)] += gain * wave
            excerpts += self._excerpts(song, start, self._stems(song, target), gain)
        most = 10 ** (self.params.clips.peak / 20)
        common = min(1.0, most / max(float(np.abs(mixture).max()), _TINY))
        scaled = tuple(Excerpt(e.song, e.row, e.start, e.gain * common, e.role) for e in excerpts)
        return Recipe(name, self.samples, scaled)

    def _loudness(self, wave: np.ndarray) -> float:
        """LUFS; of what is too soft for the gate of BS.1770, or too short for it, from the RMS."""
        if len(wave) > self._meter.block_size * self.params.audio.sample_rate:
            loudness = float(self._meter.integrated_loudness(wave))
            if np.isfinite(loudness):
                return loudness
        return float(10 * np.log10(np.mean(wave**2) + _TINY))

    def _stems(self, song: str, target: str) -> pd.DataFrame:
        stems = self.mixer.stems
        return stems[(stems["song"] == song) & (stems["target"] == target)]

    def _wave(self, song: str, target: str, part: slice = _WHOLE) -> np.ndarray:
        """A class in a song, or in part of it: the sum of its stored stems, ``(sample,)``."""
        rows = self._stems(song, target)["row"]
        return np.asarray(self.mixer.store.load(song)[list(rows), part, 0].sum(axis=0, dtype=np.float64))

    def _find_places(self, split: str, target: str) -> list[tuple[str, np.ndarray]]:
        """Songs of a split that hold a class, with the starts from which it is present."""
        stems = self.mixer.stems
        songs = list(dict.fromkeys(stems.loc[(stems["split"] == split) & (stems["target"] == target), "song"]))
        waves = ((song, self._wave(song, target)) for song in track(songs, f"presence of {target}", len(songs)))
        by_song = ((song, self._starts(wave)) for song, wave in waves)
        return [(song, starts) for song, starts in by_song if len(starts)]

    def _starts(self, wave: np.ndarray) -> np.ndarray:
        """Starts in samples from which the RMS over a clip is above the presence; one of a shorter song is 0."""
        settings, step = self.params.clips, _whole_hops(self.params, self.params.clips.step_seconds)
        starts = np.arange(0, max(len(wave) - self.samples, 0) + 1, step)
        energy = np.concatenate([[0.0], np.cumsum((wave / FULL_SCALE) ** 2)])
        power = (energy[np.minimum(starts + self.samples, len(wave))] - energy[starts]) / self.samples
        return starts[10 * np.log10(power + _TINY) > settings.presence]


def write_clips(params: Params, name: str, target: str, counts: Mapping[tuple[Split, Way], int]) -> None:
    """That many clips of a target as recipes; writes ``clips/<target>.parquet``."""
    mixer = Mixer.of(params.of_corpus(name), name, params.results)
    write_table(params.results / name / "clips" / f"{target}.parquet", Clips(mixer, target).table(counts))
