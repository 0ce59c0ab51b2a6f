"""MUSDB18's two layouts, read through musdb: one file of five streams per song, or a folder of five wav files.

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
    songs = []
    for subset in SUBSETS:
        database = _database(folder, subset, is_wav)
        validation = set(database.setup["validation_tracks"])
        for track in database.tracks:
            split = "valid" if subset == "train" and track.name in validation else subset
            with faults.of(track.name, folder / subset / track.name):
                songs.append(_song(folder / subset, track.name, split, database.setup["stem_ids"], is_wav))
    return songs


def _check_subsets(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; put MUSDB18 there or name its folder in corpora.musdb.roots", "no-folder"
        )
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
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
    inside = [path for subset in SUBSETS for path in sorted((folder / subset).iterdir())]
    stems = [path for path in inside if path.name.endswith(STEMS_SUFFIX)]
    folders = [path for path in inside if path.is_dir()]
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


def _database(folder: Path, subset: str, is_wav: bool) -> Any:
    import musdb  # costs a second and needs ffmpeg, so only where it is used

    try:
        return musdb.DB(root=str(folder), is_wav=is_wav, subsets=[subset])
    except Exception:
        # musdb probes every mixture and passes on whatever the probe met: say which file cannot be read.
        for path in sorted(folder.glob(f"{subset}/*/mixture.wav" if is_wav else f"{subset}/*{STEMS_SUFFIX}")):
            sound_info(path)
        raise


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

    def stem(source: str, target: str) -> Stem:
        if is_wav:
            return Stem(source, str(subset / name / f"{source}.wav"), source, target)
        return Stem(source, str(subset / f"{name}{STEMS_SUFFIX}"), source, target, streams[source])

    stems = [stem(source, source) for source in SOURCES]
    return Song(name, artist, split, stems, mixture=stem("mixture", MIXED))
