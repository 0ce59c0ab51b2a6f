"""One song from MIDI to Slakh2100's layout: every track alone through its patch, mixed by loudness; or as Flakh.

Slakh: a random patch per program number, effects, stems of one loudness, their exact sum as the mixture.
Flakh: FluidSynth and its bundled soundfont alone; the mixture is the unsplit song played as a whole, the stems are what
its tracks contribute to that performance, and all have one gain. FluidSynth's float output has no dither, so the sum of
the stems differs from the mixture by rounding alone, half a step of 16 bits per stem. (Stems that are played one at a
time, as the paper's were, would differ by -38 to -46 dB of the mixture: see :func:`.fluidsynth.play_apart`.)

References
----------
Manilow et al., Slakh (WASPAA 2019), sections 2.2 and 2.3; https://github.com/ethman/slakh-generation
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprosep.synthesis.loudness import Loudness
from reprosep.synthesis.metadata import rendered_entry, silent_entry, write_metadata
from reprosep.synthesis.midi import Song, write
from reprosep.synthesis.mix import as_int16, common_gain, equally_loud
from reprosep.synthesis.patches import PatchTable
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.stems import Silent, Stem, patched, plain, unsplit
from reprosep.synthesis.tracks import BAND, family_of, seconds_of
from reprosep.synthesis.waves import exact_sum, write_wave

_TOO_SHORT = "too short to have a loudness"
_FAINTEST = -70.0  # LUFS told of stems that do not pass the gate at their own level


class Skipped(Exception):  # noqa: N818, it is no error
    """A song cannot be rendered, and this says why."""


@dataclass(frozen=True)
class MadeSong:
    """What came of a song: its length, its stems, and its tracks without one."""

    seconds: float
    stems: tuple[str, ...]
    silent: tuple[tuple[str, str], ...]  # name and reason


def make_song(
    midi: Song,
    folder: Path,
    table: PatchTable,
    settings: SongSettings,
    *,
    seed: int,
    origin: str = "",
    seconds: float | None = None,
    needed: Sequence[str] = BAND,
) -> MadeSong:
    """Render a song into `folder` in Slakh2100's layout; the same arguments always give the same bytes.

    Parameters
    ----------
    origin: what the metadata tell of where the song comes from; songs of one MIDI and different origin draw different
        patches.
    seconds: length of the song, by default until its last note and the tail.
    needed: families (piano, guitar, bass, drums) without which the song is not made.

    Raises
    ------
    Skipped
        When no stem of a needed family sounds, or none at all.
    """
    uuid = _write_midi(midi, folder)
    length = seconds if seconds is not None else seconds_of(midi) + settings.tail_seconds
    samples = round(length * settings.sample_rate)
    if settings.flakh:
        tracks = plain(midi.tracks, settings, samples)
    else:
        tracks = patched(midi.tracks, table, settings, samples, [seed, _number(uuid + origin)])
    heard = {one.name: Loudness(one.sound, settings.sample_rate) for one in tracks if isinstance(one, Stem)}
    stems = [one for one in tracks if isinstance(one, Stem) and not heard[one.name].is_silent]
    names = tuple(stem.name for stem in stems)
    silent = [_as_silent(one) for one in tracks if one.name not in names]
    _require(stems, silent, needed)
    measured = [heard[stem.name] for stem in stems]
    if settings.flakh:
        gain = _write_plain(folder, midi, stems, settings, samples)
    else:
        gain = _write_mixed(folder, stems, measured, settings)
    for stem in stems:
        write(folder / "MIDI" / f"{stem.name}.mid", midi, stem.track)
    entries = {one.name: silent_entry(one.track) for one in silent}
    for stem, loudness in zip(stems, measured, strict=True):
        entries[stem.name] = rendered_entry(stem.track, stem.plugin, max(loudness.at(), _FAINTEST))
    level = None if settings.flakh else settings.loudness
    write_metadata(folder, uuid, origin or f"{uuid}.mid", entries, loudness=level, peak=settings.peak, gain=gain)
    return MadeSong(samples / settings.sample_rate, names, tuple((one.name, one.reason) for one in silent))


def _as_silent(track: Stem | Silent) -> Silent:
    """A stem that sounds for less than loudness takes to measure counts as silent."""
    return track if isinstance(track, Silent) else Silent(track.name, track.track, _TOO_SHORT)


def _write_midi(midi: Song, folder: Path) -> str:
    """Write ``all_src.mid``; its MD5, which names the song."""
    for name in ("stems", "MIDI"):
        (folder / name).mkdir(parents=True)
    (folder / "all_src.mid").write_bytes(midi.content)
    return hashlib.md5(midi.content, usedforsecurity=False).hexdigest()


def _number(text: str) -> int:
    """A number that stands for a text in a key of random streams."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _require(stems: Sequence[Stem], silent: Sequence[Silent], needed: Sequence[str]) -> None:
    there = {family_of(stem.track) for stem in stems}
    for family in needed:
        if family not in there:
            reasons = {one.reason for one in silent if family_of(one.track) == family} or {"no such track"}
            raise Skipped(f"no stem of {family}: {', '.join(sorted(reasons))}")
    if not stems:
        raise Skipped("no track of it can be rendered")


def _write_mixed(folder: Path, stems: Sequence[Stem], measured: Sequence[Loudness], settings: SongSettings) -> float:
    """Write stems of one loudness and their exact sum; the gain that all got against clipping."""
    levelled, gain = equally_loud([stem.sound for stem in stems], measured, settings.loudness, settings.peak)
    for stem, sound in zip(stems, levelled, strict=True):
        write_wave(folder / "stems" / f"{stem.name}.flac", sound, settings.sample_rate)
    write_wave(folder / "mix.flac", exact_sum(levelled), settings.sample_rate)
    return gain


def _write_plain(folder: Path, midi: Song, stems: Sequence[Stem], settings: SongSettings, samples: int) -> float:
    """Write the unsplit song and the stems with one gain; that gain."""
    mixture = unsplit(midi.tracks, settings, samples)
    gain = common_gain([mixture, *(stem.sound for stem in stems)], settings.peak)
    for stem in stems:
        write_wave(folder / "stems" / f"{stem.name}.flac", as_int16(stem.sound, gain), settings.sample_rate)
    write_wave(folder / "mix.flac", as_int16(mixture, gain), settings.sample_rate)
    return gain
