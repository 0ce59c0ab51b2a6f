"""The manifest of a corpus's folder: every file with size and checksum, what shows that a corpus is whole."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict, cast

from reprosep.base.errors import UserError
from reprosep.base.files import read_json, sha256, whole_file, write_json
from reprosep.base.listing import below
from reprosep.base.progress import track
from reprosep.corpora.registry import Version
from reprosep.corpora.unpack import Files, is_file_record, is_there

NAME = ".manifest.json"
_TERMS = "LICENCE.txt"
_TERMS_HEAD = "Terms of the recordings in this folder"
_TERMS_FILES = ("license", "licence", "readme")


class Manifest(TypedDict):
    """`version` and `title` of what was brought last, files of all that is in the folder, checksums of archives."""

    version: str
    title: str
    files: Files
    archives: dict[str, str | None]


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder; None when it has none."""
    path = folder / NAME
    if not path.exists():
        return None
    content = read_json(path)
    if not _is_manifest(content):
        raise UserError(f"{path}: not a manifest of reprosep get; delete it and run the command again")
    return cast(Manifest, content)


def _is_manifest(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    files, archives = content.get("files"), content.get("archives")
    return (
        all(isinstance(content.get(key), str) for key in ("version", "title"))
        and isinstance(files, dict)
        and isinstance(archives, dict)
        and all(_is_below(path) and is_file_record(record) for path, record in files.items())
        and all(checksum is None or isinstance(checksum, str) for checksum in archives.values())
    )


def _is_below(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and "\0" not in path


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest whole."""
    write_json(folder / NAME, manifest)


def missing_files(folder: Path, files: Files) -> list[str]:
    """Files that are not there.

    Raises
    ------
    UserError
        When a file is there with another size: it was changed, and nobody but its owner may throw it away.
    """
    missing = [path for path, record in files.items() if not is_there(folder / path, record)]
    changed = [path for path in missing if (folder / path).exists()]
    if changed:
        path = changed[0]
        raise UserError(
            f"{folder / path}: {(folder / path).stat().st_size} bytes, but {folder / NAME} says "
            f"{files[path]['bytes']}{_and_more(changed)}; delete it and run the command again to get it anew"
        )
    return missing


def rehash(folder: Path, files: Files, title: str, jobs: int) -> Files:
    """The files with checksums computed anew; :class:`UserError` when one differs from what is recorded."""
    with ThreadPoolExecutor(jobs) as pool:
        sums = list(track(pool.map(lambda path: sha256(folder / path), files), f"verify {title}", len(files)))
    computed: Files = {
        path: {"bytes": files[path]["bytes"], "sha256": checksum} for path, checksum in zip(files, sums, strict=True)
    }
    wrong = [path for path in files if files[path]["sha256"] not in (None, computed[path]["sha256"])]
    if wrong:
        path = wrong[0]
        raise UserError(
            f"{folder / path}: checksum {computed[path]['sha256']}, but {folder / NAME} says "
            f"{files[path]['sha256']}{_and_more(wrong)}; delete it and run the command again to get it anew"
        )
    return computed


def _and_more(paths: list[str]) -> str:
    return f" (and {len(paths) - 1} more files)" if len(paths) > 1 else ""


def files_below(folder: Path, tops: Iterable[Path]) -> Files:
    """Sizes of the files in the folders `tops` of a corpus, links followed, checksums not computed."""
    paths = [path for top in tops for path in ([top] if top.is_file() else below(top).files)]
    return {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": None} for path in paths}


def write_terms(folder: Path, version: Version) -> None:
    """Write title, licence, citation and source beside the recordings, unless their archive brought such a file."""
    path = folder / _TERMS
    brought = [item for item in folder.iterdir() if item.name.casefold().startswith(_TERMS_FILES) and item != path]
    old = path.read_text(encoding="utf-8") if path.exists() else f"{_TERMS_HEAD}\n"
    if brought or not old.startswith(_TERMS_HEAD) or f"\n{version.title}\n" in old:
        return
    source = f"https://doi.org/{version.doi}" if version.doi else version.page
    with whole_file(path) as temporary:
        text = f"\n{version.title}\nLicence: {version.licence}\nCitation: {version.citation}\nSource: {source}\n"
        temporary.write_text(old + text, encoding="utf-8")
