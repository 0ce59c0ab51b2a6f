"""Whole songs with all targets that they hold: what validates a joint network, and what it is scored on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reprosep.audio.store import read_table
from reprosep.mixtures.mixing import Recipe, recipes_of


@dataclass
class HeldSong:
    """A song, and for every target that it holds the recipe in which that stands against all else."""

    name: str
    recipes: dict[str, Recipe] = field(default_factory=dict)

    @property
    def first(self) -> Recipe:
        """One of them: all are the same mixture."""
        return next(iter(self.recipes.values()))


def held_songs(folder: Path, targets: Iterable[str], split: Literal["valid", "test"]) -> list[HeldSong]:
    """The mixtures of some targets of a corpus in `folder`, by song; they are those of networks of one target."""
    songs: dict[str, HeldSong] = {}
    for target in targets:
        for recipe in recipes_of(read_table(folder / "mixtures" / f"{target}.parquet"), target, split):
            songs.setdefault(recipe.name, HeldSong(recipe.name)).recipes[target] = recipe
    return list(songs.values())
