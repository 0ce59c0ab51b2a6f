"""The songs of a corpus, whatever its layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.base.listing import composed, displayed
from reprosep.corpora import folder, medleydb, musdb, slakh
from reprosep.corpora.layout import Faults, Song
from reprosep.corpora.registry import Version, load_version
from reprosep.params.data import Corpus


def read_songs(name: str, corpus: Corpus, faults: Faults | None = None) -> list[Song]:
    """The songs in all roots of a corpus, splits not yet assigned where the layout has none.

    Parameters
    ----------
    faults: what to do about songs that cannot be read; by default the first of them is raised.

    Raises
    ------
    UserError
        When a root has not the layout of the corpus' kind, a song is in two roots, a name is not UTF-8, or a version is
        of another kind.
    """
    versions = [_version(name, corpus.kind, version) for version in corpus.versions]
    songs: list[Song] = []
    for root in corpus.roots:
        if corpus.kind == "musdb":
            songs += musdb.read_songs(root, versions, faults)
        elif corpus.kind == "medleydb":
            songs += medleydb.read_songs(root, faults)
        elif corpus.kind == "slakh":
            songs += slakh.read_songs(root, versions, faults)
        else:
            songs += folder.read_songs(root, corpus.files, corpus.split.get("ignore", ()))
    _check_unique(songs)
    return list(_in_utf8(songs, faults or Faults()))


def _in_utf8(songs: Iterable[Song], faults: Faults) -> Iterator[Song]:
    """The songs that tables can hold: names are any bytes on disk, but UTF-8 in parquet, JSON and YAML."""
    for song in songs:
        shown = displayed(song.name)
        with faults.of(shown, shown):
            for path in [Path(stem.path) for stem in song.stems] + [Path(song.name)]:
                if displayed(str(path)) != str(path):
                    raise UserError(
                        f"{displayed(str(path))}: its name is not UTF-8 or has control characters, which tables cannot "
                        "hold; rename it",
                        "song-name",
                    )
            yield song


def _version(corpus: str, kind: str, name: str) -> Version:
    version = load_version(name)
    if version.kind != kind:
        raise UserError(
            f"params: corpora.{corpus}.versions: '{name}' is a corpus of kind '{version.kind}', expected '{kind}' "
            f"as in corpora.{corpus}.kind; correct one of the two"
        )
    return version


def _check_unique(songs: Iterable[Song]) -> None:
    seen: dict[str, Song] = {}
    for song in songs:
        name = composed(song.name)
        if name in seen:
            raise UserError(
                f"{song.stems[0].path}: song '{song.name}' is also at {seen[name].stems[0].path}; "
                "rename or remove one of them",
                "duplicate",
            )
        seen[name] = song
