"""An open record on its way into a folder: its archives given or downloaded, and unpacked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pooch

from reprosep.base.errors import UserError
from reprosep.corpora.download import download, missing_bytes, require_space
from reprosep.corpora.manifest import Manifest
from reprosep.corpora.registry import Archive, Version
from reprosep.corpora.unpack import Files, unpack

_ARCHIVES = ".archives"
_SCRATCH = ".unpacking"
_UNPACKED_SHARE = {
    ".wav": 1.6,
    ".flac": 1.05,
    ".stem.mp4": 1.05,
    ".json": 20.0,
}  # unpacked to packed bytes: FLAC and AAC do not shrink


def fetch(name: str, version: Version, folder: Path, given: Sequence[Path], verified: Files, jobs: int) -> Files:
    """Download the archives that are not `given`, unpack all into `folder`; those `verified` earlier are left alone.

    Raises
    ------
    UserError
        When an archive cannot be had, is damaged or unsafe, a given file is none of them, or the disk is too small.
    """
    paths = _given_archives(version, given)
    wanted = [archive for archive in version.archives if archive.name not in paths]
    _require_space(version, folder, wanted)
    if wanted:
        fetched = download(wanted, folder / _ARCHIVES, name, version.page, jobs)
        paths |= {archive.name: path for archive, path in zip(wanted, fetched, strict=True)}
    files: Files = {}
    for archive in version.archives:
        files |= unpack(paths[archive.name], folder, folder / _SCRATCH, archive.strip, verified)
    return files


def is_begun(folder: Path) -> bool:
    """Whether archives were being unpacked into the folder when the work ended."""
    return (folder / _SCRATCH).exists()


def clean(folder: Path, keep_archives: bool) -> None:
    """Remove archives and journals behind a finished work; the journals last, they tell that something is left."""
    if not keep_archives:
        shutil.rmtree(folder / _ARCHIVES, ignore_errors=True)
    shutil.rmtree(folder / _SCRATCH, ignore_errors=True)


def require_same(version: Version, folder: Path, manifest: Manifest) -> None:
    """A folder holds one release: :class:`UserError` where archives of another one were unpacked."""
    wanted = {archive.name: archive.checksum for archive in version.archives}
    if manifest["archives"] and not wanted.items() <= manifest["archives"].items():
        raise UserError(
            f"{folder}: holds {manifest['title']} ({', '.join(manifest['archives'])}), not {version.title}; choose "
            "another folder with --to, or move that one away"
        )


def _given_archives(version: Version, given: Sequence[Path]) -> dict[str, Path]:
    """The registry's archives among the files that the user names, told by their checksums."""
    paths = {}
    for path in given:
        archive = next((archive for archive in version.archives if _is_archive(path, archive)), None)
        if archive is None:
            names = ", ".join(f"{archive.name} ({archive.checksum})" for archive in version.archives)
            raise UserError(f"{path}: is not an archive of {version.title} or is damaged; expected {names}")
        paths[archive.name] = path
    return paths


def _is_archive(path: Path, archive: Archive) -> bool:
    if archive.bytes not in (None, path.stat().st_size):
        return False
    return bool(pooch.hashes.hash_matches(str(path), archive.checksum))


def _require_space(version: Version, folder: Path, wanted: Sequence[Archive]) -> None:
    packed = sum(archive.bytes or 0 for archive in version.archives)
    inside = [path for path in folder.rglob("*") if _ARCHIVES not in path.parts and path.is_file()]
    unpacked = round(packed * _UNPACKED_SHARE[version.suffix]) - sum(path.stat().st_size for path in inside)
    require_space(folder, missing_bytes(wanted, folder / _ARCHIVES) + max(unpacked, 0), version.title)
