"""What the headers of a song's files tell before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reprosep.audio.info import CODEC_SAMPLES, SoundInfo
from reprosep.audio.io import sound_info, stream_infos
from reprosep.base.errors import UserError
from reprosep.tools.evaluation.layout import ACCOMPANIMENT, STREAMS, Song, Sound


def check_song(song: Song) -> float:
    """The largest difference in seconds between the lengths of an estimate and of its reference.

    Raises
    ------
    UserError
        When a file cannot be read, a stems file has not its five streams, or estimates have another sample rate or
        other channels than the references.
    """
    references = _infos(song.references)
    rate, channels = _common(song.name, song.references, references)
    longest = 0.0
    for method, sounds in song.estimates.items():
        estimates = _infos(sounds)
        common = _common(f"{song.name}, estimates of {method}", sounds, estimates)
        if common[0] != rate:
            raise UserError(
                f"{song.name}: estimates of {method} at {common[0]} Hz, references at {rate} Hz; resample the estimates"
            )
        if common[1] != channels:
            raise UserError(
                f"{song.name}: estimates of {method} with {common[1]} channels, references with {channels}; "
                "write the estimates with as many channels as the references"
            )
        for target in references.keys() & estimates.keys() - {ACCOMPANIMENT}:
            exact = references[target].exact and estimates[target].exact
            difference = abs(estimates[target].samples - references[target].samples)
            if difference > (0 if exact else CODEC_SAMPLES):
                longest = max(longest, difference / rate)
    return longest


def _infos(sounds: dict[str, Sound]) -> dict[str, SoundInfo]:
    stems = {path: _stems_infos(path) for path in {sound.path for sound in sounds.values() if sound.in_stems}}
    return {
        target: stems[sound.path][sound.stream] if sound.in_stems else sound_info(sound.path)
        for target, sound in sounds.items()
    }


def _stems_infos(path: Path) -> list[SoundInfo]:
    infos = stream_infos(path)
    if len(infos) != len(STREAMS):
        raise UserError(
            f"{path}: {len(infos)} audio streams, expected the {len(STREAMS)} of MUSDB18 ({', '.join(STREAMS)}); "
            "get the file anew from its source, or give a folder of one wav file per target in its place"
        )
    return infos


def _common(what: str, sounds: dict[str, Sound], infos: dict[str, SoundInfo]) -> tuple[int, int]:
    """Sample rate and channels of files that belong together; a mono file counts as any."""
    rates = _values(info.sample_rate for info in infos.values())
    widths = [width for width in _values(info.channels for info in infos.values()) if width > 1] or [1]
    if len(rates) > 1 or len(widths) > 1:
        names = ", ".join(dict.fromkeys(sound.path.name for sound in sounds.values()))
        raise UserError(
            f"{what}: {names} have sample rates {rates} Hz and channels {widths}, expected one of each; "
            "convert them to one format"
        )
    return rates[0], widths[0]


def _values(numbers: Iterable[int]) -> list[int]:
    return sorted(set(numbers))
