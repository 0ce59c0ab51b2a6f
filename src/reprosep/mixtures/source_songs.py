"""Songs as the sum of a few sources, for systems that separate all of them: sound, activity, and chunks.

A *setting* is a list of sources: classes of the corpus (several stems of a class are summed), or ``accompaniment``,
which is every stem that belongs to no other source of the setting. The mixture is the sum of the setting's sources.

Shape: waves float32 ``(source, sample)``, full scale 1, of mono corpora; labels bool ``(source, frame)``.

References
----------
Kadandale et al. 2020, Section IV (2 and 4 sources, 6-s chunks without overlap).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from reprosep.audio.chunks import chunks, energies
from reprosep.audio.frames import chunk_samples
from reprosep.audio.store import FULL_SCALE, write_table
from reprosep.base.errors import UserError
from reprosep.mixtures.mixing import Mixer
from reprosep.papers.run import ACCOMPANIMENT
from reprosep.params.scale import Params

Stem = tuple[str, int]  # song, row of its array
MIXTURE = "mixture"


class SourceSongs:
    """The songs of a mono corpus by their sources.

    Raises
    ------
    UserError
        When the corpus is not mono.
    """

    def __init__(self, mixer: Mixer) -> None:
        if mixer.corpus.channels != 1:
            raise UserError(
                f"'{mixer.corpus.title}' has {mixer.corpus.channels} channels, but networks that separate all sources "
                "are for mono; set the corpus's channels to 1"
            )
        self.mixer, self.params = mixer, mixer.params
        self.stems_of = lru_cache(maxsize=None)(self._stems_of)

    def songs(self, *splits: str) -> list[str]:
        """Songs of the splits in catalog order."""
        stems = self.mixer.stems
        return list(dict.fromkeys(stems.loc[stems["split"].isin(splits), "song"]))

    @property
    def chunk_samples(self) -> int:
        """Samples of a chunk."""
        return chunk_samples(self.params)

    def samples(self, song: str) -> int:
        """The length of a song."""
        return int(self.mixer.store.load(song).shape[1])

    def _stems_of(self, song: str, source: str, setting: tuple[str, ...]) -> list[Stem]:
        """The audible stems of a source."""
        stems = self.mixer.stems[self.mixer.stems["song"] == song]
        others = [name for name in setting if name != ACCOMPANIMENT]
        chosen = ~stems["target"].isin(others) if source == ACCOMPANIMENT else stems["target"] == source
        return [(song, int(row)) for row in stems.loc[chosen, "row"]]

    def waves(self, song: str, setting: Sequence[str]) -> np.ndarray:
        """The sources of a song."""
        waves = np.zeros((len(setting), self.samples(song)), np.float32)
        for wave, source in zip(waves, setting, strict=True):
            for stem in self.stems_of(song, source, tuple(setting)):
                wave += self.mixer.store.read(stem, 0, len(wave))[:, 0] / np.float32(FULL_SCALE)
        return waves

    def labels(self, song: str, setting: Sequence[str], first: int = 0, frames: int | None = None) -> np.ndarray:
        """Whether any stem of a source is active, in frames of a centred STFT of the song from frame `first` on."""
        count = self.samples(song) // self.params.stft.hop + 1 if frames is None else frames
        labels = np.zeros((len(setting), count), bool)
        for row, source in zip(labels, setting, strict=True):
            for name, number in self.stems_of(song, source, tuple(setting)):
                values = self.mixer.activity.load(name)[number, first : first + count]
                row[: len(values)] |= values >= self.params.activity.threshold
        return labels


def energy_table(songs: SourceSongs) -> pd.DataFrame:
    """Energy of every source in every whole chunk of every song: song, split, start (samples), source, energy.

    The sources are the targets of the corpus, the accompaniment of the vocals where it has vocals, and the mixture of
    the targets. Energy is the sum of squares over the chunk, full scale 1, as in the authors' preprocessing; the
    paper's mean over time-frequency bins is proportional to it.
    """
    rows = []
    targets = list(songs.mixer.corpus.targets)
    with_vocals = "vocals" in targets
    for split in ("train", "valid", "test"):
        for song in songs.songs(split):
            waves = songs.waves(song, targets)
            named = dict(zip(targets, waves, strict=True))
            if with_vocals:
                named[ACCOMPANIMENT] = songs.waves(song, ["vocals", ACCOMPANIMENT])[1]
            named[MIXTURE] = waves.sum(axis=0)
            chunk_energies = energies(chunks(np.stack(list(named.values())), songs.chunk_samples, keep_tail=False))
            for number, chunk in enumerate(chunk_energies):
                start = number * songs.chunk_samples
                rows += [(song, split, start, name, value) for name, value in zip(named, chunk, strict=True)]
    return pd.DataFrame(rows, columns=["song", "split", "start", "source", "energy"])


def write_energies(params: Params, name: str) -> None:
    """Energy of every source in every chunk of every song; writes ``energies.parquet``."""
    folder = params.results / name
    mixer = Mixer.of(params.of_corpus(name), name, folder.parent)
    write_table(folder / "energies.parquet", energy_table(SourceSongs(mixer)))
