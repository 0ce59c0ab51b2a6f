"""Splits and names of songs: in proportion, and numbered so that Slakh2100's own list gives them the same split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FOLDERS = {"train": "train", "valid": "validation", "test": "test"}
NUMBERS = {"train": range(1, 1501), "valid": range(1501, 1876), "test": range(1876, 2101)}  # Slakh2100-orig


@dataclass(frozen=True)
class Place:
    """Where a song lies: ``<folder>/<name>``."""

    folder: str
    name: str


def places(songs: int, shares: Mapping[str, int]) -> list[Place]:
    """The places of so many songs, one split after the other.

    Numbers are those of Slakh2100's splits as long as every split has room, and run on from 1 otherwise.
    """
    counts = {split: count for split, count in _counts(songs, shares).items() if count}
    fits = all(count <= len(NUMBERS[split]) for split, count in counts.items())
    numbered: list[Place] = []
    for split, count in counts.items():
        first = NUMBERS[split].start if fits else len(numbered) + 1
        numbered += [Place(FOLDERS[split], f"Track{first + number:05d}") for number in range(count)]
    return numbered


def _counts(songs: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Songs of every split: in proportion, what is left over to the largest remainders."""
    weights = np.array([shares.get(split, 0) for split in FOLDERS], dtype=float)
    exact = songs * weights / weights.sum()
    counts = np.floor(exact).astype(int)
    for split in np.argsort(counts - exact, kind="stable")[: songs - counts.sum()]:
        counts[split] += 1
    return {split: int(count) for split, count in zip(FOLDERS, counts, strict=True)}
