"""Checksums inside files: what the line reads again tells by itself whether it is as it was written.

A sealed file holds, somewhere in its first or last :data:`_REACH` bytes, :data:`MARK` and 64 hexadecimal digits: the
SHA-256 of the file with these digits as zeros. Every format of ours has a place for such a text that other readers pass
over: a comment in the header of ``.npy``, that of a zip file, the metadata of parquet and of safetensors.

Recordings are not ours to write into: their SHA-256 is told by what records them.

Nothing is hashed twice: what was seen whole is noted, with the file's size, times and inode, where Snakemake keeps its
own records, and counts until one of them changes. Elsewhere every reading hashes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from reprosep.base.errors import UserError
from reprosep.base.files import sha256, whole_file

MARK = b"reprosep-sha256:"
BLANK = (MARK + b"0" * 64).decode()
"""What a writer puts where its format has room; :func:`seal` fills it in."""

_REACH = 1 << 20  # bytes at either end among which the mark is looked for
_BLOCK = 1 << 20
_NOTES = Path(".snakemake/reprosep")
_DIGITS = frozenset(b"0123456789abcdef")


class DamagedError(UserError):
    """A file is not as it was written, as `found` says."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f"{path}: damaged, {found}; run the same command again, which makes it anew, or copy it again where it "
            "came from elsewhere"
        )
        self.found = f"{path}: damaged, {found}"


class UnsealedError(DamagedError):
    """A file carries no checksum: it is of a version before there were any, or damaged at that very place."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "it carries no checksum")


@contextlib.contextmanager
def sealed_file(path: str | Path) -> Iterator[Path]:
    """:func:`~reprosep.base.files.whole_file` for a writer that puts :data:`BLANK` into it: sealed, noted as whole."""
    with whole_file(path) as temporary:
        yield temporary
        seal(temporary)
    note(Path(path))


def seal(path: Path) -> None:
    """Fill in the checksum of a file that was just written, where its writer put :data:`BLANK`."""
    with open(path, "r+b") as file:
        place = _place(file)
        assert place is not None, f"{path}: its writer left no room for a checksum"
        digits = _hashed(file, place)
        file.seek(place)
        file.write(digits)


def check(path: Path) -> None:
    """See that a sealed file is as it was written; one that was seen before and has not changed is not hashed again.

    Raises
    ------
    UserError
        When the file cannot be read.
    DamagedError
        When it is not as it was written, or carries no checksum.
    """
    state = _state(path)
    if state in _noted():
        return
    require_whole(path)
    _note(state)


def is_whole(path: Path) -> bool:
    """Whether there is such a file, as it was written."""
    try:
        check(path)
    except UserError:
        return False
    return True


def require_whole(path: Path) -> None:
    """:func:`check`, whatever was noted."""
    try:
        with open(path, "rb") as file:
            place = _place(file)
            if place is None:
                raise UnsealedError(path)
            file.seek(place)
            if file.read(64) != _hashed(file, place):
                raise DamagedError(path, "its content does not fit its checksum")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run the step that writes it first") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); expected a file that the line wrote") from error


def is_sealed(path: Path) -> bool:
    """Whether a file carries a checksum, right or wrong."""
    with open(path, "rb") as file:
        return _place(file) is not None


def is_noted(path: Path) -> bool:
    """Whether a file was seen to be whole and has not changed since."""
    return _state(path) in _noted()


def note(path: Path) -> None:
    """A file was seen to be whole, by whatever tells it."""
    _note(_state(path))


def check_bytes(path: Path, wanted: str) -> None:
    """See that a file that is not ours still has that SHA-256; once, as :func:`check` does.

    Raises
    ------
    UserError
        When the file cannot be read.
    DamagedError
        When it has another.
    """
    state = f"{_state(path)} {wanted}"
    if state in _noted():
        return
    found = sha256(path)
    if found != wanted:
        raise DamagedError(path, f"its SHA-256 is {found[:12]}…, {wanted[:12]}… was recorded")
    _note(state)


def note_bytes(path: Path, found: str) -> None:
    """The SHA-256 of such a file was just computed."""
    _note(f"{_state(path)} {found}")


def forget(path: Path, wanted: str = "") -> None:
    """Do not rely on what was noted of a file: its content changed behind an unchanged date."""
    _note(f"-{_state(path)} {wanted}".rstrip())


def _place(file: BinaryIO) -> int | None:
    """Where the digits are: behind the first mark at the file's beginning, else the last at its end."""
    file.seek(0)
    at = file.read(_REACH).find(MARK)
    if at < 0:
        start = max(0, file.seek(0, os.SEEK_END) - _REACH)
        file.seek(start)
        at = file.read(_REACH).rfind(MARK)
        at += start if at >= 0 else 0
    return at + len(MARK) if at >= 0 else None


def _hashed(file: BinaryIO, place: int) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    left = place
    while left and (block := file.read(min(left, _BLOCK))):
        digest.update(block)
        left -= len(block)
    digest.update(b"0" * 64)
    file.seek(place + 64)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest().encode()


def _state(path: Path) -> str:
    """What changes with a file: a program that writes to it cannot keep the last of its times, whatever it sets."""
    try:
        status = path.stat()
    except OSError as error:
        raise UserError(f"{path}: no such file; run the step that writes it first") from error
    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"{status.st_ino} {status.st_size} {times}"


@lru_cache(maxsize=1)
def _noted() -> set[str]:
    """States in which files were seen to be whole; what several processes wrote at once may be garbled and unknown."""
    known: set[str] = set()
    try:
        lines = (_NOTES / "checked").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return known
    for line in lines:
        if line.startswith("-"):
            known.discard(line[1:])
        else:
            known.add(line)
    return known


def _note(state: str) -> None:
    if state.startswith("-"):
        _noted().discard(state[1:])
    else:
        _noted().add(state)
    if not _NOTES.is_dir():
        return
    try:
        with open(_NOTES / "checked", "a", encoding="ascii") as file:
            file.write(state + "\n")
    except OSError:
        pass  # a folder or disk that cannot be written: it is hashed again
