"""MUSDB18-HQ's layout: ``train|test/<Artist - Title>/{mixture,drums,bass,other,vocals}.wav``, read through musdb.

References
----------
Rafii et al., MUSDB18-HQ (2019); the 14 validation songs are musdb's own list.
"""

from __future__ import annotations

from pathlib import Path

from reprosep.corpora.layout import Song, Stem
from reprosep.errors import UserError, near_match

SUBSETS = ("train", "test")


def read_songs(root: str) -> list[Song]:
    """Songs of a MUSDB18-HQ folder with their four stems.

    Raises
    ------
    UserError
        When a subset folder or a stem is missing or misnamed, or no song is there.
    """
    folder = Path(root)
    _check_subsets(folder)
    import musdb  # costs a second and needs ffmpeg, so only where it is used

    songs = []
    for subset in SUBSETS:
        database = musdb.DB(root=str(folder), is_wav=True, subsets=[subset])
        validation = set(database.setup["validation_tracks"])
        for track in database.tracks:
            split = "valid" if subset == "train" and track.name in validation else subset
            songs.append(_song(folder / subset / track.name, track, split))
    if not songs:
        raise UserError(
            f"{folder}: no song in it; expected folders like train/<Artist - Title>/ with five wav files each"
        )
    return songs


def _check_subsets(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; put MUSDB18-HQ there or name its folder in corpora.musdb.roots")
    found = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if list(folder.glob("*/*.stem.mp4")):
        raise UserError(
            f"{folder}: holds .stem.mp4 files, expected MUSDB18-HQ's wav files; decode it with musdbconvert"
        )
    for name in found:
        if name not in SUBSETS:
            raise UserError(
                f"{folder / name}: unknown split '{name}'{near_match(name, SUBSETS)}; expected train and test"
            )
    for subset in SUBSETS:
        if subset not in found:
            raise UserError(f"{folder}: no folder '{subset}' in it; expected train and test as MUSDB18-HQ has them")


def _song(folder: Path, track: object, split: str) -> Song:
    artist, _, title = folder.name.partition(" - ")
    if not title:
        raise UserError(f"{folder}: song folder without ' - '; expected '<Artist> - <Title>'")
    sources = [name for name in ("vocals", "bass", "drums", "other")]
    for name in ("mixture", *sources):
        if not (folder / f"{name}.wav").is_file():
            raise UserError(
                f"{folder / name}.wav: missing; expected mixture, drums, bass, other and vocals in every song"
            )
    stems = [Stem(name, str(folder / f"{name}.wav"), name, name) for name in sources]
    return Song(folder.name, artist, split, stems)
