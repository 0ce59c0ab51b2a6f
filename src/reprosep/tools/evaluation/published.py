"""Scores that were published, and folders of museval's files, as this evaluation has its own."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table

from reprosep.base.errors import UserError
from reprosep.base.listing import below, composed, displayed
from reprosep.base.outputs import check_folder
from reprosep.base.progress import track
from reprosep.corpora.registry import RECORDS, load_version
from reprosep.corpora.score_files import SUBMISSIONS, check_file, files_of
from reprosep.corpora.songs import songs_in
from reprosep.metrics.bsseval import METRICS
from reprosep.results.intervals import Resampling
from reprosep.scores.museval_files import read_song, same_frames, unscored
from reprosep.tools.evaluation.layout import method_name
from reprosep.tools.evaluation.names import Names
from reprosep.tools.evaluation.results import Methods, write_csv, write_results
from reprosep.tools.evaluation.song import Settings

log = logging.getLogger(__name__)

_SUBSET = "test"
_ORDER = ("vocals", "drums", "bass", "other", "accompaniment")
_NAMED = 5  # songs in a sentence


def published_scores(name: str, songs: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    """The published scores of the registry's entry `name` in these songs, by whatever path they have.

    Returns
    -------
    tuple
        Columns method, target, song (as named here), frame, time, duration, SDR, ISR, SIR, SAR in dB, dropped,
        ill_posed; and the songs in which nothing was published.

    Raises
    ------
    UserError
        When none of the songs is one of them, or a file of them is not as it was published.
    """
    version = load_version(name)
    folder, methods = Path(version.folder), published_methods(name)
    titles = Names((Path(song).name, song) for song in songs)
    tables, found = [], set()
    for method in track(methods, f"scores of {name}", len(methods)):
        for file in files_of(version, method):
            song = titles.find(Path(file.path).stem)
            if song is not None:
                check_file(folder / SUBMISSIONS, file)
                tables.append(_table(folder / SUBMISSIONS / file.path, method, song))
                found.add(song)
    if not tables:
        raise UserError(
            f"--beside: none of the songs is one of '{name}' (e.g. '{sorted(songs)[0]}'); name them as MUSDB18 does"
        )
    return pd.concat(tables, ignore_index=True), sorted(set(songs) - found)


def published_methods(name: str) -> list[str]:
    """The methods of published scores that are here; :class:`UserError` when there are none, or `name` is another."""
    version = load_version(name)
    if version.kind != "scores":
        raise UserError(f"--beside: '{name}' is a corpus of recordings, not of published scores; sisec2018 is one")
    there = songs_in(version, Path(version.folder)) if (RECORDS / f"{name}.json").exists() else {}
    if not there:
        raise UserError(f"--beside: the scores of '{name}' are not here; `reprosep get {name}` brings them")
    return list(there)


def _table(path: Path, method: str, song: str) -> pd.DataFrame:
    scores = read_song(path)
    return scores.assign(method=method, song=song, dropped=unscored(scores), ill_posed=False)


def check_settings(settings: Settings) -> None:
    """:class:`UserError` when scores would be in other frames than the published ones."""
    if (settings.metric, settings.window, settings.hop) != ("v4", 1.0, 1.0):
        raise UserError(
            f"--beside: published scores are of v4 in frames of 1 s, these of {settings.metric} in frames of "
            f"{settings.window:g} s every {settings.hop:g} s; leave --metric, --window and --hop as they are"
        )


def beside(name: str, own: Sequence[str], songs: Collection[str]) -> tuple[pd.DataFrame, Methods, list[str]]:
    """Published scores in `songs`, all methods with the own ones first, and the songs without published scores.

    Raises
    ------
    UserError
        As :func:`published_scores`, and when an own method is named as a published one.
    """
    published = _check_names(name, own)
    scores, missing = published_scores(name, songs)
    return scores, Methods(list(own), published, load_version(name).oracles), missing


def _check_names(name: str, own: Sequence[str]) -> list[str]:
    """The published methods; :class:`UserError` when there are none, or one of them has the name of an own one."""
    published = published_methods(name)
    known = {composed(method).casefold(): method for method in published}
    for method in own:
        if other := known.get(composed(method).casefold()):
            raise UserError(f"'{method}': a method of '{name}' is called '{other}'; rename the folder of yours")
    return published


def compare_folders(
    folders: Sequence[Path], output: Path, resampling: Resampling, published: str | None = None
) -> list[Table]:
    """Compare folders of museval's JSON files, with each other and with published scores; tables for the terminal.

    Raises
    ------
    UserError
        When a folder is missing or has no such file, two methods have one name, there is nothing to compare, frames
        differ, a file is none of museval's; and as :func:`beside`.
    """
    if len(folders) < 2 and published is None:
        raise UserError(f"{folders[0]}: one method alone; name several folders, or published scores with --beside")
    check_folder(output, folders)
    files = _methods(folders)
    if published is not None:
        _check_names(published, list(files))
    scores, methods = _read(files), Methods(list(files))
    if published is not None:
        others, methods, missing = beside(published, list(files), set(scores["song"]))
        scores = pd.concat([scores, others], ignore_index=True)
        if missing:
            log.warning("%d songs are not among those of '%s', e.g. %s", len(missing), published, missing[0])
    scores = scores.sort_values("target", key=lambda names: names.map(_place), kind="stable", ignore_index=True)
    same_frames((str(name), rows) for name, rows in scores.groupby("method", sort=False))
    _tell_missing(scores, methods)
    write_csv(output / "scores.csv", scores)
    return write_results(output, scores, methods, METRICS, resampling)


def _tell_missing(scores: pd.DataFrame, methods: Methods) -> None:
    """Say which own methods lack songs or targets that another one has, and which songs have no score at all."""
    for target, rows in scores.groupby("target", sort=False):
        songs = rows.groupby("method")["song"].agg(set)
        every = set().union(*songs)
        for method in methods.own:
            missing = sorted(every - songs.get(method, set()))
            if missing:
                named = ", ".join(missing[:_NAMED]) + (" …" if len(missing) > _NAMED else "")
                log.warning("%s: no scores of %s in %d songs: %s", method, target, len(missing), named)
    empty = scores.groupby(["method", "song"])["SDR"].count()
    for method, song in empty[empty == 0].index:
        log.warning("%s: no frame of '%s' has a score; the song is left out", method, song)


def _methods(folders: Sequence[Path]) -> dict[str, dict[Path, str]]:
    """Method -> its files and what their songs are called: the path in the folder without suffix and ``test/``."""
    methods: dict[str, dict[Path, str]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; name folders of museval's JSON files, one per method")
        name = method_name(folder)
        if composed(name) in map(composed, methods):
            raise UserError(f"{folder}: a second folder named '{name}'; methods are named by their folders, rename one")
        files = {path: _song(path, folder) for path in below(folder).files if path.suffix == ".json"}
        if not files:
            raise UserError(f"{folder}: no JSON file in it; expected museval's, one per song")
        if twice := [song for song, count in Counter(files.values()).items() if count > 1]:
            raise UserError(f"{folder}: two files of the song '{twice[0]}'; keep one of them")
        methods[name] = files
    return methods


def _read(methods: Mapping[str, Mapping[Path, str]]) -> pd.DataFrame:
    """The scores of methods, columns as :func:`published_scores` has them."""
    tables = []
    for name, files in methods.items():
        tables += [_table(path, name, files[path]) for path in track(files, f"scores of {name}", len(files))]
    return pd.concat(tables, ignore_index=True)


def _place(target: str) -> int:
    """Targets of MUSDB18 in their order, others behind."""
    return _ORDER.index(target) if target in _ORDER else len(_ORDER)


def _song(path: Path, folder: Path) -> str:
    place = path.relative_to(folder).with_name(path.name.removesuffix(".json"))
    parts = place.parts[1:] if place.parts[0] == _SUBSET and len(place.parts) > 1 else place.parts
    return displayed(Path(*parts).as_posix())
