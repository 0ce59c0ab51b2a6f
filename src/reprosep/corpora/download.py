"""Files of an open record: several at a time, each from the first mirror that gives it with the right checksum."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

import pooch

from reprosep.base.checksums import computed, fits, is_whole
from reprosep.base.errors import UserError
from reprosep.base.progress import ProgressReport
from reprosep.corpora.transfer import RefusedError, StoppedError, Transfer


class Published(Protocol):
    """A published file; `bytes` and `checksum` (:mod:`reprosep.base.checksums`) are None where they are not known."""

    @property
    def name(self) -> str: ...
    @property
    def urls(self) -> list[str]: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def checksum(self) -> str | None: ...


def download(
    archives: Sequence[Published], folder: Path, title: str, page: str, jobs: int = 1, attempts: int | None = None
) -> list[Path]:
    """Paths of the archives below `folder`, fetched where they are not there with the right checksum.

    `attempts` in a row that bring nothing end an address; None: as many as a long download deserves.

    Raises
    ------
    UserError
        When an archive is to be had from none of its addresses, or everywhere with a wrong checksum: what was found
        at each address.
    """
    pooch.get_logger().setLevel("WARNING")  # progress is reported here
    stop = threading.Event()
    total = sum(archive.bytes or 0 for archive in archives)
    done = sum(min(_here(archive, folder), archive.bytes or 0) for archive in archives)
    with ProgressReport(f"download {title}", total, done, megabytes=True) as report, ThreadPoolExecutor(jobs) as pool:
        tasks = [pool.submit(_fetch, archive, folder, page, report, stop, attempts) for archive in archives]
        try:
            return _results(tasks)
        finally:
            stop.set()  # nothing goes on behind an error or an interrupt


def require_space(folder: Path, needed: int, title: str) -> None:
    """:class:`UserError` when the disk of `folder` has less than `needed` bytes free."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise UserError(
            f"{folder}: {title} needs {_gigabytes(needed)} more on this disk and {_gigabytes(free)} are free; "
            "free some space or choose a folder on another disk with --to"
        )


def missing_bytes(archives: Sequence[Published], folder: Path) -> int:
    """Bytes of the archives that are not yet in `folder`, parts counted."""
    return sum(max((archive.bytes or 0) - _here(archive, folder), 0) for archive in archives)


def _here(archive: Published, folder: Path) -> int:
    """Bytes of an archive that need not be fetched: all of a whole one, else those of its part."""
    whole, part = folder / archive.name, _part(archive, folder)
    if whole.exists() and whole.stat().st_size == archive.bytes:
        return archive.bytes
    return part.stat().st_size if part.exists() else 0


def _part(archive: Published, folder: Path) -> Path:
    return folder / f"{archive.name}.part"


def _results(tasks: Sequence[Future[Path]]) -> list[Path]:
    """What the transfers give; the first that failed on its own raises, not those that were stopped for it."""
    wait(tasks, return_when=FIRST_EXCEPTION)
    for task in tasks:
        if task.done() and (error := task.exception()) and not isinstance(error, StoppedError):
            raise error
    return [task.result() for task in tasks]


def _fetch(
    archive: Published, folder: Path, page: str, report: ProgressReport, stop: threading.Event, attempts: int | None
) -> Path:
    """One archive from the first address that gives it; an address that resumed to a wrong file is asked once more."""
    transfer = _Judged(_part(archive, folder), archive, report, stop, attempts)
    transfer.drop_wrong(folder / archive.name)
    reasons = []
    for url in archive.urls:
        for _ in range(2):
            try:
                path = pooch.retrieve(url, transfer.known, archive.name, folder, downloader=transfer)
                transfer.forget()
                return Path(path)
            except RefusedError as reason:
                reasons.append(str(reason))
                break
            except ValueError:
                checksum = _actual_checksum(archive, folder)
                transfer.discard()
                if not transfer.resumed:
                    reasons.append(f"{url}: gives a file with the checksum {checksum}, expected {archive.checksum}")
                    break
    raise UserError(
        f"{archive.name}: not to be had: {'; '.join(reasons)}; run the same command again later, or get the file from "
        f"{page} by hand and name it with --from"
    )


class _Judged(Transfer):
    """A transfer whose file is held to a checksum of a kind that pooch cannot compute, where it has one."""

    def __init__(
        self, part: Path, archive: Published, report: ProgressReport, stop: threading.Event, attempts: int | None
    ) -> None:
        super().__init__(part, archive.bytes, report.advance, stop, attempts)
        checksum = archive.checksum
        pooch_knows = checksum is None or (is_whole(checksum) and not checksum.startswith("git:"))
        self.known = checksum if pooch_knows else None
        self._own = None if pooch_knows else checksum

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        super().__call__(url, output_file, pooch)
        if self._own and not fits(Path(output_file), self._own):
            raise ValueError("another checksum")  # what pooch raises

    def drop_wrong(self, path: Path) -> None:
        """Remove a file that is there and is another one, as pooch does for the kinds that it knows."""
        if self._own and path.exists() and not fits(path, self._own):
            path.unlink()


def _actual_checksum(archive: Published, folder: Path) -> str:
    part = _part(archive, folder)
    return computed(part, archive.checksum) if part.exists() and archive.checksum else "of another file"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
