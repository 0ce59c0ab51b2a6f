"""What the headers of a song's files tell before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reprosep.audio.io import SoundInfo, sound_info
from reprosep.errors import UserError
from reprosep.evaluation.layout import ACCOMPANIMENT, Song


def check_song(song: Song) -> float:
    """The largest difference in seconds between the lengths of an estimate and of its reference.

    Raises
    ------
    UserError
        When a file cannot be read, or estimates have another sample rate or other channels than the references.
    """
    references = {target: sound_info(path) for target, path in song.references.items()}
    rate, channels = _common(song.name, song.references, references)
    longest = 0.0
    for method, paths in song.estimates.items():
        estimates = {target: sound_info(path) for target, path in paths.items()}
        found = _common(f"{song.name}, estimates of {method}", paths, estimates)
        if found[0] != rate:
            raise UserError(
                f"{song.name}: estimates of {method} at {found[0]} Hz, references at {rate} Hz; resample the estimates"
            )
        if found[1] != channels:
            raise UserError(
                f"{song.name}: estimates of {method} with {found[1]} channels, references with {channels}; "
                "write the estimates with as many channels as the references"
            )
        pairs = ((estimates[target], references.get(target)) for target in estimates if target != ACCOMPANIMENT)
        longest = max([longest, *(abs(one.samples - two.samples) / rate for one, two in pairs if two)])
    return longest


def _common(what: str, paths: dict[str, Path], infos: dict[str, SoundInfo]) -> tuple[int, int]:
    """Sample rate and channels of files that belong together; a mono file counts as any."""
    rates = _values(info.sample_rate for info in infos.values())
    widths = [width for width in _values(info.channels for info in infos.values()) if width > 1] or [1]
    if len(rates) > 1 or len(widths) > 1:
        names = ", ".join(path.name for path in paths.values())
        raise UserError(
            f"{what}: {names} have sample rates {rates} Hz and channels {widths}, expected one of each; "
            "convert them to one format"
        )
    return rates[0], widths[0]


def _values(numbers: Iterable[int]) -> list[int]:
    return sorted(set(numbers))
