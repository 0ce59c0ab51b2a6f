"""Which songs, targets and estimates are in folders of references and estimates.

A folder that holds sound files is a song, named by its path below the root: ``test/Artist - Title/vocals.wav`` in
MUSDB18's layout, ``<song>/<target>.<ext>`` in others. Several folders of estimates are several methods, each named by
its folder. An estimated song is found by its path, or by its folder's name alone where that is unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprosep.audio.io import SOUND_SUFFIXES
from reprosep.errors import UserError, near_match

MIXTURES = ("mixture", "linear_mixture")
ACCOMPANIMENT = "accompaniment"
_MUSDB_ORDER = ("vocals", "drums", "bass", "other")  # of musdb's targets, and so of museval's files


@dataclass(frozen=True)
class Song:
    """One song: files of its references by target, and of its estimates by method and target."""

    name: str
    references: dict[str, Path]
    estimates: dict[str, dict[str, Path]]

    @property
    def title(self) -> str:
        """The song's folder alone, as museval names it."""
        return Path(self.name).name


def find_songs(references: Path, estimates: Sequence[Path]) -> list[Song]:
    """Every song of `references` that at least one method has estimates of.

    Raises
    ------
    UserError
        When a folder is missing or empty, two methods have one name, or an estimate belongs to no reference.
    """
    true = {name: _targets(folder) for name, folder in _song_folders(references).items()}
    methods = _methods(estimates)
    found: dict[str, dict[str, dict[str, Path]]] = {name: {} for name in true}
    for method, root in methods.items():
        for name, folder in _song_folders(root).items():
            song = _reference_of(name, folder, true, root == folder and len(true) == 1)
            found[song][method] = _known_targets(_targets(folder), true[song], references / song)
    return [Song(name, _ordered(true[name]), by_method) for name, by_method in found.items() if by_method]


def _methods(estimates: Sequence[Path]) -> dict[str, Path]:
    methods: dict[str, Path] = {}
    for root in estimates:
        name = root.resolve().name
        if name in methods:
            raise UserError(
                f"{root}: a second folder of estimates named '{name}'; methods are named by their folders, rename one"
            )
        methods[name] = root
    return methods


def _song_folders(root: Path) -> dict[str, Path]:
    """Folders below `root` that hold sound files, by their path below it."""
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; name a folder of songs, each a folder of <target>.wav files")
    sounds = [path for path in sorted(root.rglob("*")) if _is_sound(path)]
    folders = {path.parent for path in sounds}
    if not folders:
        raise UserError(f"{root}: no sound files in it; expected <song>/<target>.wav or another audio format")
    return {
        folder.relative_to(root).as_posix() if folder != root else root.resolve().name: folder
        for folder in sorted(folders)
    }


def _is_sound(path: Path) -> bool:
    return path.suffix.lower() in SOUND_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _targets(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if _is_sound(path)):
        if path.stem in files:
            raise UserError(f"{path}: '{path.stem}' is there twice, also as {files[path.stem].name}; keep one of them")
        if path.stem not in MIXTURES:
            files[path.stem] = path
    return files


def _reference_of(name: str, folder: Path, references: dict[str, dict[str, Path]], only: bool) -> str:
    if name in references:
        return name
    same = [song for song in references if Path(song).name == Path(name).name]
    if len(same) == 1:
        return same[0]
    if only:  # two folders of stems, one of references and one of estimates
        return next(iter(references))
    raise UserError(
        f"{folder}: no references for this song{near_match(name, references)}; "
        "name its folder as the references' folder, or take it away"
    )


def _known_targets(estimates: dict[str, Path], references: dict[str, Path], folder: Path) -> dict[str, Path]:
    allowed = {*references, ACCOMPANIMENT} if "vocals" in references else set(references)
    for target, path in estimates.items():
        if target not in allowed:
            raise UserError(
                f"{path}: no reference '{target}' in {folder}{near_match(target, allowed)}; "
                f"it has {', '.join(references)}"
            )
    return estimates


def _ordered(references: dict[str, Path]) -> dict[str, Path]:
    """In the order of musdb's targets, others behind them by name."""
    rank = {name: place for place, name in enumerate(_MUSDB_ORDER)}
    names = sorted(references, key=lambda name: (rank.get(name, len(rank)), name))
    return {name: references[name] for name in names}
