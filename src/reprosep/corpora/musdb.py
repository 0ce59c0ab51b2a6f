"""MUSDB18's two layouts: one file of five streams per song, or a folder of five wav files.

Stems: ``train|test/<Artist - Title>.stem.mp4``, streams 0 mixture, 1 drums, 2 bass, 3 other, 4 vocals (MUSDB18). Wav:
``train|test/<Artist - Title>/{mixture,drums,bass,other,vocals}.wav`` (MUSDB18-HQ, and MUSDB18 decoded).

References
----------
Rafii et al., MUSDB18 (2017), MUSDB18-HQ (2019); the 14 validation songs and the numbers of the streams are musdb's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprosep.audio.io import sound_info
from reprosep.base.errors import UserError, near_match
from reprosep.base.listing import composed, entries, folders_in
from reprosep.corpora.layout import MIXED, Faults, Song, Stem
from reprosep.corpora.registry import Version

SUBSETS = ("train", "test")
SOURCES = ("vocals", "bass", "drums", "other")
STEMS_SUFFIX = ".stem.mp4"


def read_songs(root: str, versions: Sequence[Version] = (), faults: Faults | None = None) -> list[Song]:
    """Songs of a MUSDB18 folder with their four stems and their mixture.

    Parameters
    ----------
    versions: published versions that the folder may hold; they say whether stems files or wav files are expected.
    faults: what to do about songs that cannot be read; by default the first of them is raised.

    Raises
    ------
    UserError
        When a subset folder or a stem is missing or misnamed, no song is there, or songs are of both layouts or of the
        one that the version does not have.
    """
    folder = Path(root)
    _check_subsets(folder)
    is_wav = _check_suffix(folder, {version.suffix for version in versions})
    faults = faults or Faults()
    setup = _setup(folder)
    validation = set(setup["validation_tracks"])
    songs = []
    for subset in SUBSETS:
        for name in _names(folder / subset, is_wav):
            split = "valid" if subset == "train" and composed(name) in validation else subset
            with faults.of(name, folder / subset / name):
                songs.append(_song(folder / subset, name, split, setup["stem_ids"], is_wav))
    return songs


def _check_subsets(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; put MUSDB18 there or name its folder in corpora.musdb.roots", "no-folder"
        )
    names = [path.name for path in folders_in(folder)]
    for name in names:
        if name not in SUBSETS:
            raise UserError(
                f"{folder / name}: unknown split '{name}'{near_match(name, SUBSETS)}; expected train and test",
                "unknown-split",
            )
    for subset in SUBSETS:
        if subset not in names:
            raise UserError(
                f"{folder}: no folder '{subset}' in it; expected train and test as MUSDB18 has them", "no-split"
            )


def _check_suffix(folder: Path, expected: set[str]) -> bool:
    """Whether the songs are folders of wav files, rather than stems files."""
    inside = [entries(folder / subset) for subset in SUBSETS]
    stems = [path for listing in inside for path in listing.files if path.name.endswith(STEMS_SUFFIX)]
    folders = [path for listing in inside for path in listing.folders]
    if not stems and not folders:
        raise UserError(
            f"{folder}: no song in it; expected folders like train/<Artist - Title>/ with five wav files each, "
            f"or files like train/<Artist - Title>{STEMS_SUFFIX}",
            "no-song",
        )
    if stems and folders:
        raise UserError(
            f"{folder}: holds {STEMS_SUFFIX} files ({stems[0].name}) and folders of wav files ({folders[0].name}), "
            "expected one kind; move one kind away, or decode all with musdbconvert",
            "wrong-format",
        )
    suffix = ".wav" if folders else STEMS_SUFFIX
    if expected and suffix not in expected:
        raise UserError(
            f"{folder}: holds {suffix} files, expected {' or '.join(sorted(expected))} files as the corpus' version "
            "has them; name the version that is there in corpora.*.versions, or get the other one",
            "wrong-format",
        )
    return bool(folders)


def _names(subset: Path, is_wav: bool) -> list[str]:
    listing = entries(subset)
    if is_wav:
        return [path.name for path in listing.folders]
    return [path.name.removesuffix(STEMS_SUFFIX) for path in listing.files if path.name.endswith(STEMS_SUFFIX)]


def _setup(folder: Path) -> dict[str, Any]:
    """musdb's own settings. It lists songs too, but hidden folders as songs, and probes all before any is named."""
    import musdb  # costs a second, so only where it is used

    setup: dict[str, Any] = musdb.DB(root=str(folder), subsets=[]).setup
    return setup


def _song(subset: Path, name: str, split: str, streams: dict[str, int], is_wav: bool) -> Song:
    artist, _, title = name.partition(" - ")
    if not title:
        raise UserError(f"{subset / name}: song without ' - '; expected '<Artist> - <Title>'", "song-name")
    if is_wav:
        for source in ("mixture", *SOURCES):
            if not (subset / name / f"{source}.wav").is_file():
                raise UserError(
                    f"{subset / name / source}.wav: missing; expected mixture, drums, bass, other and vocals "
                    "in every song",
                    "no-file",
                )

    sound_info(subset / name / "mixture.wav" if is_wav else subset / f"{name}{STEMS_SUFFIX}")

    def stem(source: str, target: str) -> Stem:
        if is_wav:
            return Stem(source, str(subset / name / f"{source}.wav"), source, target)
        return Stem(source, str(subset / f"{name}{STEMS_SUFFIX}"), source, target, streams[source])

    stems = [stem(source, source) for source in SOURCES]
    return Song(name, artist, split, stems, mixture=stem("mixture", MIXED))
