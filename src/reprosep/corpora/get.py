"""``reprosep get``: a published corpus in its folder, whole and verified, wherever it has to come from.

Open records are downloaded and unpacked; recordings that somebody has already are linked or recognised where they are;
for corpora that no program may download there is a page that says what to do. A second start finds everything done.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.base.files import digest, write_json
from reprosep.base.locks import alone
from reprosep.base.outputs import check_folder
from reprosep.corpora import gated, open_record
from reprosep.corpora.links import find_songs, make_links
from reprosep.corpora.manifest import (
    Manifest,
    files_below,
    missing_files,
    read_manifest,
    rehash,
    write_manifest,
    write_terms,
)
from reprosep.corpora.registry import RECORDS, Version, load_version, song_list
from reprosep.corpora.score_files import SUBMISSIONS, check_files, find_methods, packed_methods, tell_missing
from reprosep.corpora.songs import METADATA, first_of, metadata_file, missing_metadata, missing_songs, songs_in
from reprosep.corpora.unpack import Files, unpack

Archives = dict[str, str | None]  # name -> checksum

_LOCK = ".get.lock"


@dataclass(frozen=True)
class Request:
    """What was asked for: `sources` are folders or archives that hold the corpus, `to` a folder of the user's."""

    name: str
    sources: tuple[Path, ...] = ()
    to: Path | None = None
    jobs: int = 4
    keep_archives: bool = False
    verify: bool = False


def get(request: Request) -> Path:
    """Bring a version into its folder and verify it; returns the record of it in ``resources/.verified/``.

    Raises
    ------
    UserError
        When it cannot be had, with the reason at every address; when it has to be requested, with a page that says how;
        when the disk is too small, an archive is damaged or unsafe, or files were changed.
    """
    version = load_version(request.name)
    folder = request.to or Path(version.folder)
    for source in request.sources:
        if not source.exists():
            raise UserError(f"{source}: no such folder or archive; name with --from what holds {version.title}")
        if not (source.is_file() or source.is_dir()):
            raise UserError(f"{source}: is a pipe or a device; name with --from a folder or an archive on a disk")
    if request.to:
        check_folder(request.to, request.sources)
    if version.access != "open" and not request.sources:
        _require_songs(request, version, folder)  # before anything is written
    _make(folder)
    with alone(folder / _LOCK, f"reprosep get works in {folder}"):  # two versions can share a folder
        before = read_manifest(folder)
        manifest = _open(request, version, folder) if version.access == "open" else _gated(request, version, folder)
        if request.verify:
            manifest = _rehashed(request, folder, manifest)
        write_terms(folder, version)
        path = _record(request, version, folder, manifest)
    done = "checksums computed anew" if request.verify else "nothing to be done" if manifest == before else "verified"
    what = "methods" if version.kind == "scores" else "songs"
    print(f"{request.name}: {len(songs_in(version, folder))} {what} in {folder}, {done}", file=sys.stderr)
    return path


def _make(folder: Path) -> None:
    """The folder of the corpus; :class:`UserError` where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{folder}: cannot be made ({reason}); choose another folder with --to") from error


# ---- open records ------------------------------------------------------------------------------------------------


def _open(request: Request, version: Version, folder: Path) -> Manifest:
    """Whatever is needed until every file of an open version is there."""
    manifest = read_manifest(folder)
    if version.kind == "scores" and request.sources:
        return _scores_from(request, version, folder, manifest)
    if manifest is not None:
        open_record.require_same(version, folder, manifest)
        if not missing_files(folder, manifest["files"]) and not missing_songs(version, folder):
            if open_record.is_begun(folder):  # killed between the last word and the tidying
                open_record.clean(folder, request.keep_archives)
            return manifest
        if not manifest["archives"] and not request.sources:
            raise _gone(folder, manifest)
    archives = [source for source in request.sources if source.is_file()]
    folders = [source for source in request.sources if source.is_dir()]
    if folders:
        links = {place: target for source in folders for place, target in find_songs(version, source, folder).items()}
        make_links(version, links)
    elif archives or not _is_there_by_hand(version, folder, manifest):
        return _fetched(request, version, folder, archives, manifest["files"] if manifest else {})
    _require_songs(request, version, folder)
    return _written(request.name, version, folder, files_below(folder, songs_in(version, folder).values()), {})


def _scores_from(request: Request, version: Version, folder: Path, manifest: Manifest | None) -> Manifest:
    """The methods of published scores that folders and archives of the user's hold, and those that were there."""
    folders = [source for source in request.sources if source.is_dir()]
    repository = [source for source in request.sources if source.is_file()]
    links: dict[Path, Path] = {}
    for source in folders:
        links = find_methods(version, source, folder) | links
        for packed in packed_methods(version, source):
            unpack(packed, folder / SUBMISSIONS, folder / ".unpacking")
    for packed in repository:
        unpack(packed, folder, folder / ".unpacking", version.archives[0].strip)
    make_links(version, links)
    there = check_files(version, folder, request.name)
    open_record.clean(folder, request.keep_archives)
    tell_missing(version, there)
    files = files_below(folder, [folder / SUBMISSIONS / method for method in there])
    known = manifest["files"] if manifest else {}
    return _written(request.name, version, folder, {path: known.get(path, file) for path, file in files.items()}, {})


def _is_there_by_hand(version: Version, folder: Path, manifest: Manifest | None) -> bool:
    """Whether somebody put all songs of the published list there, so that nothing needs to be downloaded."""
    ours = open_record.is_begun(folder) or (manifest is not None and bool(manifest["archives"]))
    return bool(song_list(version)) and not ours and not missing_songs(version, folder)


def _fetched(request: Request, version: Version, folder: Path, given: list[Path], verified: Files) -> Manifest:
    files = open_record.fetch(request.name, version, folder, given, verified, request.jobs)
    _require_songs(request, version, folder)
    if version.kind == "scores":
        check_files(version, folder, request.name)
    archives = {archive.name: archive.checksum for archive in version.archives}
    manifest = _written(request.name, version, folder, files, archives)
    open_record.clean(folder, request.keep_archives)
    return manifest


def _gone(folder: Path, manifest: Manifest) -> UserError:
    missing = missing_files(folder, manifest["files"])
    return UserError(
        f"{folder}: {len(missing)} of {len(manifest['files'])} files are not there any more, e.g. "
        f"{(missing or ['a song'])[0]}; they were not downloaded by reprosep get, so put them back, name their folder "
        f"with --from, or delete {folder} to download them"
    )


# ---- gated corpora -----------------------------------------------------------------------------------------------


def _gated(request: Request, version: Version, folder: Path) -> Manifest:
    """Take the recordings from where they are, see that all are there, and record them."""
    if request.sources:
        gated.take(version, request.sources, folder)
        _require_songs(request, version, folder)
    manifest = read_manifest(folder)
    files, recorded = _own_files(version, folder), manifest["files"] if manifest else {}
    own = {path: record for path, record in recorded.items() if _owns(version, path)}
    if manifest is not None and not missing_files(folder, own) and own.keys() == files.keys():
        return manifest
    others = {path: record for path, record in recorded.items() if path not in own}
    known = {path: own.get(path, record) for path, record in files.items()}  # with checksums that were computed
    return _written(request.name, version, folder, others | known, {})


def _own_files(version: Version, folder: Path) -> Files:
    """Files of this version's songs and their metadata; another version may share the folder."""
    songs = songs_in(version, folder)
    extra = [path for song in songs if (path := metadata_file(folder, song)) and song not in path.parts]
    return files_below(folder, [*songs.values(), *extra])


def _owns(version: Version, path: str) -> bool:
    return not song_list(version).keys().isdisjoint(part.removesuffix(METADATA) for part in Path(path).parts[:2])


# ---- both --------------------------------------------------------------------------------------------------------


def _require_songs(request: Request, version: Version, folder: Path) -> None:
    missing = missing_songs(version, folder)
    if version.access != "open":
        if missing or missing_metadata(version, folder):
            raise UserError(gated.page(request.name, version, folder, request.sources))
    elif missing:
        raise UserError(
            f"{folder}: {len(missing)} of {len(song_list(version))} songs of {version.title} are missing or not whole, "
            f"e.g. {first_of(missing)}; complete the recordings, or delete what is there to download them"
        )
    elif not songs_in(version, folder):
        raise UserError(f"{folder}: no song of {version.title} in it; the archive is not the published one")


def _written(name: str, version: Version, folder: Path, files: Files, archives: Archives) -> Manifest:
    manifest = Manifest(version=name, title=version.title, files=files, archives=archives)
    write_manifest(folder, manifest)
    return manifest


def _rehashed(request: Request, folder: Path, manifest: Manifest) -> Manifest:
    """The manifest with every checksum computed anew; those that nobody had computed are added."""
    files = rehash(folder, manifest["files"], request.name, request.jobs)
    if files != manifest["files"]:
        manifest = Manifest(**{**manifest, "files": files})
        write_manifest(folder, manifest)
    return manifest


def _record(request: Request, version: Version, folder: Path, manifest: Manifest) -> Path:
    """What the DAG waits for: without dates, so that the same recordings give the same file."""
    own = manifest["files"] if version.access == "open" else _own_files(version, folder)
    content = {
        "version": request.name,
        "title": version.title,
        "folder": str(folder),
        "songs": len(songs_in(version, folder)),
        "manifest": digest({path: record["bytes"] for path, record in own.items()}, 64),
        "archives": manifest["archives"],
    }
    path = RECORDS / f"{request.name}.json"
    write_json(path, content)
    return path
