"""Which songs, targets and estimates are in folders of references and estimates.

A folder that holds sound files is a song, named by its path below the root: ``test/Artist - Title/vocals.wav`` in
MUSDB18-HQ's layout, ``<song>/<target>.<ext>`` in others. A stems file of MUSDB18, ``test/Artist - Title.stem.mp4``, is
a song too, named without its suffix, and its streams are the targets. Several folders of estimates are several methods,
each named by its folder. An estimated song is found by its path, or by its name alone where that is unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprosep.audio.io import SOUND_SUFFIXES
from reprosep.base.errors import UserError, near_match
from reprosep.corpora.musdb import STEMS_SUFFIX

MIXTURES = ("mixture", "linear_mixture")
ACCOMPANIMENT = "accompaniment"
STREAMS = ("mixture", "drums", "bass", "other", "vocals")
"""Of a stems file, in their order."""

_MUSDB_ORDER = ("vocals", "drums", "bass", "other")  # of musdb's targets, and so of museval's files


@dataclass(frozen=True)
class Sound:
    """A sound file, or one of the audio streams of a stems file."""

    path: Path
    stream: int = 0

    @property
    def in_stems(self) -> bool:
        """Whether it is a stream of a stems file."""
        return _is_stems(self.path)

    def __str__(self) -> str:
        return f"{self.path}, {STREAMS[self.stream]}" if self.in_stems else str(self.path)


@dataclass(frozen=True)
class Song:
    """One song: its references by target, and its estimates by method and target."""

    name: str
    references: dict[str, Sound]
    estimates: dict[str, dict[str, Sound]]

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
    places = _song_places(references)
    true = {name: _targets(place) for name, place in places.items()}
    methods = _methods(estimates)
    by_song: dict[str, dict[str, dict[str, Sound]]] = {name: {} for name in true}
    for method, root in methods.items():
        for name, place in _song_places(root).items():
            song = _reference_of(name, place, true, root == place and len(true) == 1)
            by_song[song][method] = _known_targets(_targets(place), true[song], places[song])
    return [Song(name, _ordered(true[name]), by_method) for name, by_method in by_song.items() if by_method]


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


def _song_places(root: Path) -> dict[str, Path]:
    """Folders below `root` that hold sound files, and stems files, by their path below it."""
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; name a folder of songs, each a folder of <target>.wav files")
    sounds = [path for path in sorted(root.rglob("*")) if _is_sound(path)]
    if not sounds:
        raise UserError(
            f"{root}: no sound files in it; expected <song>/<target>.wav or another audio format, "
            f"or <song>{STEMS_SUFFIX}"
        )
    places: dict[str, Path] = {}
    for place in sorted({path if _is_stems(path) else path.parent for path in sounds}):
        name = place.relative_to(root).as_posix() if place != root else root.resolve().name
        name = name[: -len(STEMS_SUFFIX)] if _is_stems(place) else name
        if name in places:
            raise UserError(f"{place}: song '{name}' is there twice, also as {places[name].name}; keep one of them")
        places[name] = place
    return places


def _is_sound(path: Path) -> bool:
    return path.suffix.lower() in SOUND_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _is_stems(path: Path) -> bool:
    return path.name.lower().endswith(STEMS_SUFFIX)


def _targets(place: Path) -> dict[str, Sound]:
    """What a folder or a stems file holds but the mixture."""
    if _is_stems(place):
        return {name: Sound(place, stream) for stream, name in enumerate(STREAMS) if name not in MIXTURES}
    files: dict[str, Sound] = {}
    for path in sorted(path for path in place.iterdir() if _is_sound(path) and not _is_stems(path)):
        if path.stem in files:
            also = files[path.stem].path.name
            raise UserError(f"{path}: '{path.stem}' is there twice, also as {also}; keep one of them")
        if path.stem not in MIXTURES:
            files[path.stem] = Sound(path)
    return files


def _reference_of(name: str, place: Path, references: dict[str, dict[str, Sound]], only: bool) -> str:
    if name in references:
        return name
    same = [song for song in references if Path(song).name == Path(name).name]
    if len(same) == 1:
        return same[0]
    if only:  # two folders of stems, one of references and one of estimates
        return next(iter(references))
    raise UserError(
        f"{place}: no references for this song{near_match(name, references)}; "
        "name it as the references' folder or stems file, or take it away"
    )


def _known_targets(estimates: dict[str, Sound], references: dict[str, Sound], place: Path) -> dict[str, Sound]:
    allowed = {*references, ACCOMPANIMENT} if "vocals" in references else set(references)
    for target, sound in estimates.items():
        if target not in allowed:
            raise UserError(
                f"{sound}: no reference '{target}' in {place}{near_match(target, allowed)}; "
                f"it has {', '.join(references)}"
            )
    return estimates


def _ordered(references: dict[str, Sound]) -> dict[str, Sound]:
    """In the order of musdb's targets, others behind them by name."""
    rank = {name: place for place, name in enumerate(_MUSDB_ORDER)}
    names = sorted(references, key=lambda name: (rank.get(name, len(rank)), name))
    return {name: references[name] for name in names}
