"""Published scores on their way into a folder, and whole: a file per song and method, each with a known checksum.

Unlike recordings, a part of them is of use: whoever has some of the methods compares these. What is taken from a folder
is therefore complete by method, and the methods that are missing are told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from reprosep.base.errors import UserError, near_match
from reprosep.base.files import sha256
from reprosep.base.listing import entries, folders_in
from reprosep.base.progress import track
from reprosep.corpora.registry import RECORDS, ListedFile, Version, file_list
from reprosep.corpora.songs import SUBSETS, first_of, songs_in
from reprosep.params.data import Corpus

log = logging.getLogger(__name__)

(SUBMISSIONS,) = SUBSETS["scores"]
_DEPTH = 2  # folders between the given one and those of the methods
_PACKED = (".tar.xz", ".tar.gz", ".tgz", ".zip")


def packed_methods(version: Version, source: Path) -> list[Path]:
    """Archives in a folder that are named as methods are, each of one method."""
    known = _listed(version)
    files = [path for path in entries(source).files if path.name.endswith(_PACKED)]
    return [path for path in files if _name(path) in known]


def _name(archive: Path) -> str:
    return next(archive.name.removesuffix(suffix) for suffix in _PACKED if archive.name.endswith(suffix))


def find_methods(version: Version, source: Path, folder: Path) -> dict[Path, Path]:
    """Links that bring the methods below `source` into `folder`, those that have all their files.

    Raises
    ------
    UserError
        When a method lacks files.
    """
    known = _listed(version)
    links: dict[Path, Path] = {}
    for path in _walk(source):
        if path.name not in known or not (path / "test").is_dir():
            continue
        missing = [file.path for file in known[path.name] if not (path.parent / file.path).is_file()]
        if missing:
            raise UserError(
                f"{path}: {len(missing)} of {len(known[path.name])} files of '{path.name}' are missing, e.g. "
                f"{first_of(missing[:1])}; complete it, or take the method's folder away to leave it out"
            )
        links.setdefault(folder / SUBMISSIONS / path.name, path)
    return links


def _walk(folder: Path) -> Iterator[Path]:
    level = [folder]
    for _ in range(_DEPTH + 1):
        level = [path for above in level for path in folders_in(above)]
        yield from level


def check_files(version: Version, folder: Path, title: str) -> list[str]:
    """The methods in a folder, every file of theirs as it was published.

    Raises
    ------
    UserError
        When there is no method, or a file is another than the published one.
    """
    there = songs_in(version, folder)
    if not there:
        raise UserError(f"{folder}: no method of {version.title} in it; delete the folder and run `reprosep get` again")
    files = [file for method in there for file in _listed(version)[method]]
    for file in track(files, f"verify {title}", len(files)):
        check_file(folder / SUBMISSIONS, file)
    return list(there)


def check_file(root: Path, file: ListedFile) -> None:
    """:class:`UserError` when a file is not as it was published."""
    path = root / file.path
    size = path.stat().st_size if path.is_file() else None
    if size != file.bytes or sha256(path) != file.sha256:
        what = "missing" if size is None else f"{size} bytes" if size != file.bytes else "another checksum"
        raise UserError(
            f"{path}: {what}, expected {file.bytes} bytes with SHA-256 {file.sha256}, as published; delete it and run "
            "`reprosep get` again"
        )


def tell_missing(version: Version, there: Sequence[str]) -> None:
    """Say which methods are not there, if any."""
    missing = [method for method in _listed(version) if method not in there]
    if missing:
        log.warning(
            "%d of %d methods of %s are not there and are left out: %s",
            *(len(missing), len(_listed(version)), version.title, ", ".join(missing)),
        )


def is_there(corpus: Corpus, method: str) -> bool:
    """Whether a corpus has the scores of a method, or nothing was got yet, when all of them may come.

    Plans ask it often, so that it looks for a folder alone; what is in it is verified when it is got and when it is
    read.
    """
    (name,), (root,) = corpus.versions, corpus.roots
    return not (RECORDS / f"{name}.json").exists() or Path(root, SUBMISSIONS, method).is_dir()


def files_of(version: Version, method: str) -> list[ListedFile]:
    """The files of a method; :class:`UserError` when nothing of that name was published."""
    known = _listed(version)
    if method not in known:
        raise UserError(
            f"{version.title}: no method '{method}'{near_match(method, known)}; allowed: {', '.join(known)}"
        )
    return list(known[method])


def _listed(version: Version) -> dict[str, tuple[ListedFile, ...]]:
    assert version.file_list is not None
    return file_list(version.file_list)
