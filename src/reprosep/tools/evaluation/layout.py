"""Which songs, targets and estimates are in folders of references and estimates.

A folder that holds sound files is a song, named by its path below the root: ``test/Artist - Title/vocals.wav`` in
MUSDB18-HQ's layout, ``<song>/<target>.<ext>`` in others. A stems file of MUSDB18, ``test/Artist - Title.stem.mp4``, is
a song too, named without its suffix, and its streams are the targets. Several folders of estimates are several methods,
each named by its folder. An estimated song is found by its path, or by its name alone where that is unique; names are
compared composed (NFC), and without regard to case where that leaves one. ``no_vocals``, as Demucs names it, is the
accompaniment. Which files count is said in :mod:`reprosep.base.listing` and :mod:`reprosep.audio.listing`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprosep.audio.listing import refuse_no_files, sounds_of
from reprosep.base.errors import UserError, near_match
from reprosep.base.listing import below, composed, displayed
from reprosep.corpora.musdb import STEMS_SUFFIX
from reprosep.tools.evaluation.left_out import IGNORED, NO_ESTIMATE, Omissions
from reprosep.tools.evaluation.names import Names, matches

MIXTURES = ("mixture", "linear_mixture")
ACCOMPANIMENT = "accompaniment"
STREAMS = ("mixture", "drums", "bass", "other", "vocals")
"""Of a stems file, in their order."""

_MUSDB_ORDER = ("vocals", "drums", "bass", "other")  # of musdb's targets, and so of museval's files
_NO_VOCALS = "no_vocals"
_KNOWN = (*MIXTURES, *_MUSDB_ORDER, ACCOMPANIMENT, _NO_VOCALS)  # whatever their case


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
    """One song: its references by target, and its estimates by method and target; all names are shown ones."""

    name: str
    references: dict[str, Sound]
    estimates: dict[str, dict[str, Sound]]

    @property
    def title(self) -> str:
        """The song's folder alone, as museval names it."""
        return Path(self.name).name


def method_name(folder: Path) -> str:
    """The name of the method whose estimates are in a folder."""
    return displayed(folder.resolve().name)


def find_songs(
    references: Path,
    estimates: Sequence[Path],
    omissions: Omissions | None = None,
    ignore: Collection[str] = (),
) -> list[Song]:
    """Every song of `references` that at least one method has estimates of.

    Parameters
    ----------
    omissions: where what is left out is noted.
    ignore: names of songs and targets, or patterns, whose estimates are left out.

    Raises
    ------
    UserError
        When a folder is missing or empty, two methods have one name, an estimate belongs to no reference, or a pipe, a
        folder or the like is where a sound file belongs.
    """
    omissions = Omissions() if omissions is None else omissions
    places = _song_places(references, "", omissions)
    true = {name: _targets(place) for name, place in places.items()}
    songs, methods = _References(true), _methods(estimates)
    by_song: dict[str, dict[str, dict[str, Sound]]] = {name: {} for name in true}
    for method, root in methods.items():
        for name, place in _song_places(root, method, omissions).items():
            if matches(name, ignore) or matches(Path(name).name, ignore):
                omissions.add(IGNORED, song=name, method=method, path=place.path)
                continue
            song = songs.song_of(name, place.path, root == place.path)
            if method in by_song[song]:
                raise UserError(
                    f"{displayed(str(place.path))}: a second folder of estimates of '{song}'; keep one of them"
                )
            wanted = _not_ignored(_targets(place), song, method, ignore, omissions)
            known = _known_targets(wanted, true[song], places[song].path)
            if known:
                by_song[song][method] = known
    _note_missing(true, by_song, methods, ignore, omissions)
    return [Song(name, _ordered(true[name]), by_method) for name, by_method in by_song.items() if by_method]


def _methods(estimates: Sequence[Path]) -> dict[str, Path]:
    methods: dict[str, Path] = {}
    for root in estimates:
        name = method_name(root)
        if composed(name) in map(composed, methods):
            raise UserError(
                f"{root}: a second folder of estimates named '{name}'; methods are named by their folders, rename one"
            )
        methods[name] = root
    return methods


@dataclass(frozen=True)
class _Place:
    """A song's folder with its sound files, or its stems file."""

    path: Path
    files: list[Path]


def _song_places(root: Path, method: str, omissions: Omissions) -> dict[str, _Place]:
    """Folders below `root` that hold sound files, and stems files, by their path below it."""
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; name a folder of songs, each a folder of <target>.wav files")
    listing = below(root)
    sounds = sounds_of(listing.files)
    refuse_no_files(listing, sounds.files)
    omissions.add_files([*listing.left_out, *sounds.left_out], root, method)
    if not sounds.files:
        also = [f"{displayed(str(one.path))} is {one.reason}" for one in [*sounds.left_out, *listing.left_out]]
        raise UserError(
            f"{root}: no sound files in it{f' ({also[0]})' if also else ''}; expected <song>/<target>.wav or another "
            f"audio format, or <song>{STEMS_SUFFIX}"
        )
    files: dict[Path, list[Path]] = {}
    for path in sounds.files:
        files.setdefault(path if _is_stems(path) else path.parent, []).append(path)
    places: dict[str, _Place] = {}
    seen: dict[str, Path] = {}
    for path, sound_files in sorted(files.items()):
        name = path.relative_to(root).as_posix() if path != root else root.resolve().name
        name = displayed(name[: -len(STEMS_SUFFIX)] if _is_stems(path) else name)
        other = seen.setdefault(composed(name), path)
        if other != path:
            shown = displayed(str(path))
            raise UserError(f"{shown}: song '{name}' is there twice, also as {displayed(other.name)}; keep one of them")
        places[name] = _Place(path, sound_files)
    return places


def _is_stems(path: Path) -> bool:
    return path.name.lower().endswith(STEMS_SUFFIX)


def _targets(place: _Place) -> dict[str, Sound]:
    """What a folder or a stems file holds but the mixture."""
    if _is_stems(place.path):
        return {name: Sound(place.path, stream) for stream, name in enumerate(STREAMS) if name not in MIXTURES}
    files: dict[str, Sound] = {}
    for path in place.files:
        name = _target_name(path)
        same = [target for target in files if composed(target) == composed(name)]
        if same:
            also = displayed(files[same[0]].path.name)
            raise UserError(f"{displayed(str(path))}: '{name}' is there twice, also as {also}; keep one of them")
        files[name] = Sound(path)
    return _with_accompaniment({name: sound for name, sound in files.items() if name not in MIXTURES}, files)


def _with_accompaniment(sounds: dict[str, Sound], beside: Collection[str]) -> dict[str, Sound]:
    """The same with ``no_vocals`` under its other name where there are vocals `beside` it."""
    if not (_NO_VOCALS in sounds and "vocals" in beside):
        return sounds
    if ACCOMPANIMENT in sounds:
        path = displayed(str(sounds[_NO_VOCALS].path))
        raise UserError(f"{path}: is the accompaniment, and {ACCOMPANIMENT} is there too; keep one of them")
    return {ACCOMPANIMENT if name == _NO_VOCALS else name: sound for name, sound in sounds.items()}


def _target_name(path: Path) -> str:
    name = displayed(path.stem)
    return name.casefold() if name.casefold() in _KNOWN else name


class _References:
    """Songs with references, by their paths below the root and by their names alone."""

    def __init__(self, songs: Collection[str]) -> None:
        self._songs = songs
        self._paths = Names((song, song) for song in songs)
        self._titles = Names((Path(song).name, song) for song in songs)

    def song_of(self, name: str, place: Path, is_root: bool) -> str:
        """The song of references that the estimates in `place` are of."""
        if song := self._paths.find(name) or self._titles.find(Path(name).name):
            return song
        if is_root and len(self._songs) == 1:  # two folders of stems, one of references and one of estimates
            return next(iter(self._songs))
        raise UserError(
            f"{displayed(str(place))}: no references for this song{near_match(name, self._songs)}; name it as the "
            f"references' folder or stems file, take it away, or leave it out with --ignore '{Path(name).name}'"
        )


def _not_ignored(
    estimates: dict[str, Sound], song: str, method: str, ignore: Collection[str], omissions: Omissions
) -> dict[str, Sound]:
    left = {target for target, sound in estimates.items() if matches(target, ignore) or _is_named(sound, ignore)}
    for target in sorted(left):
        omissions.add(IGNORED, song=song, target=target, method=method, path=estimates[target].path)
    return {target: sound for target, sound in estimates.items() if target not in left}


def _is_named(sound: Sound, patterns: Collection[str]) -> bool:
    """Whether the file is meant by its own name, which ``no_vocals`` is not scored under."""
    return not sound.in_stems and matches(displayed(sound.path.stem), patterns)


def _known_targets(estimates: dict[str, Sound], references: dict[str, Sound], place: Path) -> dict[str, Sound]:
    """Estimates by the names of their references."""
    allowed = _possible(references)
    names = Names((name, name) for name in allowed)
    known: dict[str, Sound] = {}
    for target, sound in _with_accompaniment(estimates, references).items():
        name = names.find(target)
        if name is None:
            raise UserError(
                f"{displayed(str(sound))}: no reference '{target}' in {displayed(str(place))}"
                f"{near_match(target, allowed)}; it has {', '.join(references)}; rename the estimate, take it away, or "
                f"leave it out with --ignore '{target}'"
            )
        if name in known:
            raise UserError(
                f"{displayed(str(sound))}: '{name}' is there twice, also as {displayed(known[name].path.name)}; "
                "keep one of them"
            )
        known[name] = sound
    return known


def _possible(references: Collection[str]) -> set[str]:
    """Targets that can be estimated: the accompaniment is the sum of what is not vocals."""
    return {*references, ACCOMPANIMENT} if "vocals" in references and len(references) > 1 else set(references)


def _note_missing(
    references: dict[str, dict[str, Sound]],
    by_song: dict[str, dict[str, dict[str, Sound]]],
    methods: Iterable[str],
    ignore: Collection[str],
    omissions: Omissions,
) -> None:
    """Songs that a method does not estimate, and targets that it estimates in other songs only."""
    for method in methods:
        usual = list(dict.fromkeys(target for songs in by_song.values() for target in songs.get(method, ())))
        for song, true in references.items():
            if matches(song, ignore) or matches(Path(song).name, ignore):
                continue
            if method not in by_song[song]:
                omissions.add(NO_ESTIMATE, song=song, method=method)
                continue
            for target in usual:
                if target in _possible(true) and target not in by_song[song][method] and not matches(target, ignore):
                    omissions.add(NO_ESTIMATE, song=song, target=target, method=method)


def _ordered(references: dict[str, Sound]) -> dict[str, Sound]:
    """In the order of musdb's targets, others behind them by name."""
    rank = {name: place for place, name in enumerate(_MUSDB_ORDER)}
    names = sorted(references, key=lambda name: (rank.get(name, len(rank)), name))
    return {name: references[name] for name in names}
