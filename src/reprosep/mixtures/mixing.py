"""Mixing: recipes of mixtures, and the sound that a recipe stands for.

A recipe names excerpts of stems with their start, gain and role; it holds no audio. Training recipes are a function of
(seed, index) alone, through a counter-based generator, so that any item can be recomputed by anyone in any order.
Validation and test mixtures are whole songs and are written to ``mixtures/<target>.parquet``.

Conventions
-----------
- *sources* (the MUSDB way): one random excerpt per class, each from a random song, random gain, summed.
- *tracks* (the MM way): one stem of the target class and a few stems of other classes from anywhere, every stem scaled
  to equal RMS over its whole length before the random gain. Song mixtures are the song's stems at equal RMS.
- Starts are multiples of the hop, so that a chunk's frames are frames of the stem's activity.

References
----------
Hung and Lerch 2020, Section 4.1; Open-Unmix v1 (gain 0.25 to 1.25, random excerpts of independent songs).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from reprosep.audio.store import FULL_SCALE, Arrays, JoinedArrays, SongArrays, write_table
from reprosep.base.errors import UserError
from reprosep.corpora.catalog_table import read_catalog
from reprosep.corpora.draws import Stream, generator
from reprosep.corpora.layout import MIXED, class_by_program
from reprosep.params.data import Corpus
from reprosep.params.scale import Params

Role = Literal["target", "accompaniment"]
Read = Callable[[tuple[str, int], int, int], np.ndarray]  # stem, start, samples -> int16 (sample, channel)


@dataclass(frozen=True)
class Excerpt:
    """Part of a stem in a mixture. `start` in samples; `gain` multiplies the stored samples (full scale 1)."""

    song: str
    row: int
    start: int
    gain: float
    role: Role
    swap: bool = False


@dataclass(frozen=True)
class Recipe:
    """A mixture of `length` samples."""

    name: str
    length: int
    excerpts: tuple[Excerpt, ...]


@dataclass
class Pool:
    """Stems of one split, ready to be drawn from."""

    target: str
    stems: pd.DataFrame
    by_class: dict[str, list[list[tuple[str, int]]]] = field(default_factory=dict)

    @cached_property
    def others(self) -> list[list[tuple[str, int]]]:
        """Stems that can accompany the target."""
        return [stem for name, stems in self.by_class.items() if name not in (self.target, MIXED) for stem in stems]


class Mixer:
    """Draws recipes from a corpus and renders them from its store."""

    def __init__(self, params: Params, corpus_name: str, catalog: pd.DataFrame, folder: Path) -> None:
        self.params = params
        self.corpus: Corpus = params.corpora[corpus_name]
        self.store: Arrays = SongArrays(folder / "audio")
        self.activity: Arrays = SongArrays(folder / "activity")
        index = self.store.index[["song", "stem", "row", "rms", "samples"]]
        stems = catalog.drop(columns="samples").merge(index, on=["song", "stem"], how="left", validate="one_to_one")
        self.stems = stems[stems["rms"] > 0].reset_index(drop=True)
        self._rms = {
            (s, r): rms for s, r, rms in zip(self.stems["song"], self.stems["row"], self.stems["rms"], strict=True)
        }

    @classmethod
    def of(cls, params: Params, corpus: str, results: Path) -> Mixer:
        """The mixer of a corpus that is computed in ``results/<scale>``, with parameters that are its own already."""
        folder = results / corpus
        return cls(params, corpus, read_catalog(folder / "catalog.parquet"), folder)

    def joined(self, other: Mixer) -> Mixer:
        """This corpus with the training stems of another, whose classes are named as here.

        Raises
        ------
        UserError
            When both have a song of the same name.
        """
        stems = other.stems[other.stems["split"] == "train"]
        both = sorted(set(stems["song"]) & set(self.stems["song"]))
        if both:
            raise UserError(
                f"song '{both[0]}' is in '{self.corpus.title}' and in '{other.corpus.title}', which are trained on "
                "together; rename it in one of them"
            )
        names = map(class_by_program, stems["instrument"], stems["target"])
        mixer = copy(self)
        mixer.stems = pd.concat([self.stems, stems.assign(target=list(names))], ignore_index=True)
        mixer.store, mixer.activity = JoinedArrays(self.store, other.store), JoinedArrays(self.activity, other.activity)
        mixer._rms = self._rms | other._rms
        return mixer

    def keeping(self, songs: Collection[str]) -> Mixer:
        """This corpus with the training stems of some songs only."""
        mixer = copy(self)
        kept = (self.stems["split"] != "train") | self.stems["song"].isin(songs)
        mixer.stems = self.stems[kept].reset_index(drop=True)
        return mixer

    # ---- training ------------------------------------------------------------------------------------------------

    def training_pool(self, target: str) -> Pool:
        """What training items of `target` are drawn from."""
        stems = self.stems[self.stems["split"] == "train"]
        if not (stems["target"] == target).any():
            raise UserError(
                f"no audible training stem of '{target}'; add one or take the target out of the corpus's targets"
            )
        pool = Pool(target, stems)
        for name, group in stems.groupby("target", sort=True):
            if self.corpus.mixing == "sources":
                sources = [list(zip(g["song"], g["row"], strict=True)) for _, g in group.groupby("song", sort=True)]
            else:
                sources = [[pair] for pair in zip(group["song"], group["row"], strict=True)]
            pool.by_class[str(name)] = sources
        return pool

    def training_recipe(self, pool: Pool, seed: int, index: int) -> Recipe:
        """Item `index` of the training with `seed`: the same for every system, process and machine."""
        draw = generator(seed, Stream.TRAINING_ITEM, index)
        hop = self.params.stft.hop
        length = round(self.params.training.chunk_seconds * self.params.audio.sample_rate)
        if self.corpus.mixing == "sources":
            groups = [(name, sources[draw.integers(len(sources))]) for name, sources in pool.by_class.items()]
        else:
            groups = self._draw_tracks(pool, draw)
        excerpts: list[Excerpt] = []
        for name, stems in groups:
            samples = self.store.load(stems[0][0]).shape[1]
            start = int(draw.integers(max(samples - length, 0) // hop + 1)) * hop
            gain, swap = float(draw.uniform(*self.params.mixing.gain)), bool(draw.random() < 0.5)
            role: Role = "target" if name == pool.target else "accompaniment"
            excerpts += [Excerpt(song, row, start, gain * self._level(song, row), role, swap) for song, row in stems]
        return Recipe(f"seed {seed}, item {index}", length, tuple(excerpts))

    def _draw_tracks(self, pool: Pool, draw: np.random.Generator) -> list[tuple[str, list[tuple[str, int]]]]:
        targets = pool.by_class[pool.target]
        others = pool.others
        fewest, most = self.params.mixing.accompaniments
        count = min(int(draw.integers(fewest, most + 1)), len(others))
        chosen = draw.choice(len(others), size=count, replace=False)
        return [(pool.target, targets[draw.integers(len(targets))]), *(("", others[i]) for i in chosen)]

    def _level(self, song: str, row: int) -> float:
        """Gain to equal RMS over the whole stem (MM way), 1 otherwise."""
        return self.params.mixing.rms / self._rms[song, row] if self.corpus.mixing == "tracks" else 1.0

    # ---- whole songs ---------------------------------------------------------------------------------------------

    def song_recipe(self, song: str, target: str) -> Recipe:
        """All audible stems of a song as one mixture, split by role."""
        stems = self.stems[self.stems["song"] == song]
        excerpts = tuple(
            Excerpt(song, row, 0, self._level(song, row), "target" if name == target else "accompaniment")
            for row, name in zip(stems["row"], stems["target"], strict=True)
        )
        return Recipe(song, self.store.load(song).shape[1], excerpts)

    def mixtures(self, target: str) -> pd.DataFrame:
        """Recipes of all validation and test mixtures of a target, one row per (song, stem).

        Songs in which the target is active for less than ``mixing.min_active_seconds`` or is all there is are left
        out. A target without a validation song gets its training songs instead, so that every run has a best epoch.
        """
        rows = []
        for split in ("valid", "test"):
            recipes = self._songs(target, split) or (self._songs(target, "train") if split == "valid" else [])
            if not recipes:
                raise UserError(
                    f"no {split} song holds '{target}' for {self.params.mixing.min_active_seconds} s beside other "
                    "stems; lower mixing.min_active_seconds, move a song, or take the target out of the corpus"
                )
            rows += [row for recipe in recipes for row in recipe_rows(recipe, split, target)]
        return pd.DataFrame(rows)

    def _songs(self, target: str, split: str) -> list[Recipe]:
        stems = self.stems[(self.stems["split"] == split) & (self.stems["target"] == target)]
        recipes = [self.song_recipe(song, target) for song in dict.fromkeys(stems["song"])]
        return [recipe for recipe in recipes if self._is_usable(recipe)]

    def _is_usable(self, recipe: Recipe) -> bool:
        active = self.labels(recipe).sum() * self.params.stft.hop / self.params.audio.sample_rate
        roles = {excerpt.role for excerpt in recipe.excerpts}
        return bool(active >= self.params.mixing.min_active_seconds and len(roles) == 2)

    # ---- sound and labels ----------------------------------------------------------------------------------------

    def render(self, recipe: Recipe, swap_channels: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """(target, mixture), each float32 ``(channel, sample)``."""
        target, mixture = self.render_into(
            np.empty((2, self.corpus.channels, recipe.length), np.float32), recipe, swap_channels, self.store.read
        )
        return target, mixture

    def render_into(self, waves: np.ndarray, recipe: Recipe, swap_channels: bool, read: Read) -> np.ndarray:
        """Target and mixture of samples that `read` gives, into float32 ``(2, channel, sample)``."""
        scratch = np.empty(recipe.length, np.float32)
        waves[:] = 0
        for excerpt in recipe.excerpts:
            part = read((excerpt.song, excerpt.row), excerpt.start, recipe.length)
            order = slice(None, None, -1) if swap_channels and excerpt.swap else slice(None)
            gain, scaled = np.float32(excerpt.gain / FULL_SCALE), scratch[: len(part)]
            for channel, samples in zip(waves[int(excerpt.role != "target")], part.T[order], strict=True):
                channel[: len(part)] += np.multiply(samples, gain, out=scaled)
        waves[1] += waves[0]
        return waves

    def labels(self, recipe: Recipe, frames: int | None = None) -> np.ndarray:
        """Whether any target stem is active, bool ``(frame,)``.

        With `frames` (a training chunk) the frames of an STFT that starts at the chunk's first sample; without, those
        of a centred STFT of the whole song.
        """
        hop, window = self.params.stft.hop, self.params.activity.window
        count = recipe.length // hop + 1 if frames is None else frames
        offset = 0 if frames is None else window // (2 * hop)
        active = np.zeros(count, bool)
        for excerpt in recipe.excerpts:
            if excerpt.role == "target":
                first = excerpt.start // hop + offset
                values = self.activity.load(excerpt.song)[excerpt.row, first : first + count]
                active[: len(values)] |= values >= self.params.activity.threshold
        return active


def write_mixtures(params: Params, name: str, target: str | None = None) -> None:
    """Validation and test mixtures of a target, or of all, as recipes; writes ``mixtures/<target>.parquet``."""
    folder = params.results / name
    mixer = Mixer.of(params.of_corpus(name), name, folder.parent)
    for wanted in [target] if target else params.corpora[name].targets:
        write_table(folder / "mixtures" / f"{wanted}.parquet", mixer.mixtures(wanted))


def recipe_rows(recipe: Recipe, split: str, target: str) -> list[dict[str, object]]:
    """A recipe as rows of a table, one per excerpt."""
    return [_row(recipe, split, target, excerpt) for excerpt in recipe.excerpts]


def _row(recipe: Recipe, split: str, target: str, excerpt: Excerpt) -> dict[str, object]:
    return {
        "mixture": recipe.name,
        "split": split,
        "target": target,
        "song": excerpt.song,
        "row": excerpt.row,
        "start": excerpt.start,
        "length": recipe.length,
        "gain": excerpt.gain,
        "role": excerpt.role,
    }


def recipes_of(mixtures: pd.DataFrame, target: str, split: Literal["train", "valid", "test"]) -> list[Recipe]:
    """The recipes of a target and split in a table of mixtures, in file order."""
    chosen = mixtures[(mixtures["target"] == target) & (mixtures["split"] == split)]
    return [_recipe(str(name), rows) for name, rows in chosen.groupby("mixture", sort=False)]


def _recipe(name: str, rows: pd.DataFrame) -> Recipe:
    keys: Iterable[tuple[str, int, int, float, Role]] = zip(
        rows["song"], rows["row"], rows["start"], rows["gain"], rows["role"], strict=True
    )
    excerpts = tuple(Excerpt(song, int(row), int(start), float(gain), role) for song, row, start, gain, role in keys)
    return Recipe(name, int(rows["length"].iloc[0]), excerpts)
