"""Which chunks of which songs train and validate a network that separates several sources.

References
----------
Kadandale et al. 2020, Section IV; their released code (5 % of the chunks, of the same songs, for validation; training
chunks in which a source is silent are left out).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reprosep.audio.chunks import audible
from reprosep.base.errors import UserError
from reprosep.corpora.draws import Stream, generator
from reprosep.params.scale import Params

Chunk = tuple[str, int]  # song, first sample


@dataclass(frozen=True)
class ChosenChunks:
    """Chunks of a setting, and the mean energy per chunk of each of its sources over all training chunks."""

    train: list[Chunk]
    valid: list[Chunk]
    energies: np.ndarray


def choose_chunks(params: Params, table: pd.DataFrame, setting: Sequence[str], silence_filter: bool) -> ChosenChunks:
    """The chunks of a setting from a corpus's table of energies.

    Raises
    ------
    UserError
        When none is left to train on, or none to validate on.
    """
    wide = table.pivot(index=["song", "start"], columns="source", values="energy")
    splits = table.drop_duplicates("song").set_index("song")["split"]
    split = wide.index.get_level_values("song").map(dict(splits)).to_numpy()
    energy = wide[list(setting)].to_numpy()
    train, valid = _split(params, split)
    kept = (
        train & audible(energy, params.chunks.silent_energy)
        if silence_filter and params.chunks.silence_filter
        else train
    )
    chunks = [(str(song), int(start)) for song, start in wide.index]
    chosen = ChosenChunks(
        [chunks[number] for number in np.flatnonzero(kept)],
        [chunks[number] for number in np.flatnonzero(valid)],
        energy[train].mean(axis=0) if train.any() else np.zeros(len(setting)),
    )
    for name, some, change in (("training", chosen.train, "chunks.silence_filter"), ("validation", chosen.valid, "")):
        if not some:
            advice = f"set {change} to false" if change else "set chunks.valid_share higher"
            raise UserError(
                f"no {name} chunk of {params.training.chunk_seconds} s is left for {', '.join(setting)}; {advice}, or "
                "lower training.chunk_seconds"
            )
    return chosen


def _split(params: Params, split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which chunks train and which validate."""
    if params.chunks.validation == "song":
        return split == "train", split == "valid"
    own = np.flatnonzero(split != "test")
    draw = generator(params.seed, Stream.CHUNK_SPLIT)
    count = max(round(params.chunks.valid_share * len(own)), 1) if len(own) > 1 else 0
    valid = np.zeros(len(split), bool)
    valid[own[draw.permutation(len(own))[:count]]] = True
    return (split != "test") & ~valid, valid
