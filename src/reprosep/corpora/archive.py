"""Members of a zip or tar(.gz, .xz) archive, and what is refused of them: archives are strangers' files.

References
----------
CWE-22 (path traversal), CWE-59 (link following), CWE-409 (decompression bomb).
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import lzma
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn, Self, TypeVar

from reprosep.base.errors import UserError

LARGEST_RATIO = 20  # unpacked to packed bytes; recordings reach 3, those with much silence 10
ALLOWANCE_BYTES = 256 << 20  # on top of it, for small archives of silence
LEAST_BYTES = 4096  # of an archive, per file in it; recordings take far more
FEW_MEMBERS = 10_000  # on top of it
OWN_NAMES = (".archives", ".unpacked", ".unpacking", ".manifest.json", ".get.lock")  # what get itself keeps in a folder
_LITTER = ("__MACOSX", ".DS_Store")
_LONGEST_NAME_BYTES = 255  # of a folder or file on the usual file systems
_DRIVE = re.compile(r"[A-Za-z]:")
_ZLIB_BLOCK_BYTES = 1 << 20
_DEEPEST = 16  # folders in each other; MedleyDB has 4
_SHOWN = 100  # letters of a name
_LARGEST_ENTRY = 1024  # bytes in the table of contents
_LARGEST_HEADER = 1 << 16  # bytes: a name, and numbers that do not fit into their fields
_EXTENSIONS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_TOO_MANY = "more files than an archive of recordings holds"
# What the readers of the standard library raise for what they were not made for.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # bz2 and gzip, without a number
    ValueError,
    OverflowError,
    RecursionError,
    MemoryError,
    RuntimeError,
    struct.error,
)


Header = TypeVar("Header", bound=tarfile.TarInfo)


class BadArchiveError(UserError):
    """An archive that is damaged, or that holds what no honest one does."""


@dataclass(frozen=True)
class Member:
    """One entry of an archive; `packed` bytes of the archive lie before its end, `kind` is file, folder or other."""

    name: str
    size: int
    kind: str
    packed: int
    open: Callable[[], IO[bytes]]


@contextlib.contextmanager
def members(path: Path) -> Iterator[Iterable[Member]]:
    """The members of an archive in its order, to be read one after the other; a list where they are known beforehand.

    Raises
    ------
    UserError
        When the file is no zip, tar, tar.gz or tar.xz archive, or is damaged, also while it is read.
    """
    if path.is_dir():
        raise BadArchiveError(f"{path}: is a folder, expected a zip, tar, tar.gz or tar.xz archive")
    try:
        if _magic(path) == b"PK":
            _test_contents(path)
            with zipfile.ZipFile(path) as archive:
                _test_encryption(path, archive)
                if not archive.infolist() and path.stat().st_size > zipfile.sizeEndCentDir:  # type: ignore[attr-defined]
                    raise zipfile.BadZipFile("it lists no files")
                yield _zip_members(archive)
        else:
            with path.open("rb") as packed, _plain(path, packed) as whole:
                stream = _Bounded(path, whole)
                with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:  # type: ignore[call-overload]
                    yield _tar_members(archive, packed)
                while stream.read(_ZLIB_BLOCK_BYTES):  # to the checksum at the end
                    pass
    except NotImplementedError as error:
        raise BadArchiveError(
            f"{path}: packed in a way that cannot be read here ({error}); unpack it by hand"
        ) from error
    except _DAMAGE as error:
        of_disk = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)  # a place before the beginning
        if of_disk and not isinstance(error, gzip.BadGzipFile):
            raise
        reason = str(error) or type(error).__name__
        raise BadArchiveError(
            f"{path}: not a whole zip, tar, tar.gz or tar.xz archive ({reason}); delete it and get it anew"
        ) from error


class _Header(tarfile.TarInfo):
    """A header of a tar archive: whole, and no larger than a name and some numbers.

    The library takes a broken header, and the end of the file, for the end of the archive.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        return _checked(buf, partial(super().frombuf, buf, encoding, errors))

    @classmethod
    def _frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str, **options: bool) -> Self:
        """What newer releases of Python call instead."""
        return _checked(buf, partial(super()._frombuf, buf, encoding, errors, **options))  # type: ignore[misc]


def _checked(buf: bytes | bytearray, read: Callable[[], Header]) -> Header:
    try:
        header = read()
    except tarfile.HeaderError as error:
        if len(buf) < tarfile.BLOCKSIZE or any(buf):
            raise tarfile.ReadError(str(error) if buf else "it ends before its last block") from error
        raise  # the block of zeros that ends it
    if header.type in _EXTENSIONS and header.size > _LARGEST_HEADER:
        raise tarfile.ReadError(f"a header of {header.size} bytes")
    return header


class _Bounded:
    """What a tar archive unpacks to, read up to what is plausible."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path, self._stream, self._left = path, stream, plausible_bytes(path)

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise BadArchiveError(
                f"{self._path}: unpacks to more than {plausible_bytes(self._path)} bytes, of which more are not "
                "plausible; this is not the published archive or not a safe one"
            )
        return block


def plausible_bytes(path: Path) -> int:
    """The most that an archive of recordings unpacks to."""
    return LARGEST_RATIO * path.stat().st_size + ALLOWANCE_BYTES


def plausible_members(path: Path) -> int:
    """The most files and folders that an archive of recordings holds."""
    return FEW_MEMBERS + path.stat().st_size // LEAST_BYTES


def _test_contents(path: Path) -> None:
    """That the table of contents, of which all is held in memory, is no longer than that of plausible members."""
    with path.open("rb") as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if end and end[zipfile._ECD_SIZE] > _LARGEST_ENTRY * plausible_members(path):  # type: ignore[attr-defined]
        raise BadArchiveError(f"{path}: {_TOO_MANY}; this is not the published archive or not a safe one")


def _test_encryption(path: Path, archive: zipfile.ZipFile) -> None:
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise BadArchiveError(
            f"{path}: is encrypted; unpack it by hand with its password and name the folder with --from"
        )


def _zip_members(archive: zipfile.ZipFile) -> list[Member]:
    entries, packed = [], 0
    for info in archive.infolist():
        packed += info.compress_size
        mode = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was not made on Unix
        kind = "folder" if info.is_dir() else "file" if mode in (0, stat.S_IFREG) else "other"
        entries.append(Member(info.filename, info.file_size, kind, packed, partial(archive.open, info)))
    return entries


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2)


def _plain(path: Path, packed: IO[bytes]) -> contextlib.AbstractContextManager[IO[bytes]]:
    match _magic(path):
        case b"\x1f\x8b":
            return gzip.open(packed)  # type: ignore[return-value]
        case b"\xfd7":
            return lzma.open(packed)
    return contextlib.nullcontext(packed)


def _tar_members(archive: tarfile.TarFile, packed: IO[bytes]) -> Iterator[Member]:
    def opened(member: tarfile.TarInfo) -> IO[bytes]:
        file = archive.extractfile(member)
        assert file is not None  # it is a regular file
        return file

    for member in archive:
        kind = "folder" if member.isdir() else "file" if member.isreg() else "other"
        yield Member(member.name, member.size, kind, packed.tell(), partial(opened, member))


@dataclass
class Guard:
    """Decides where each member of an archive goes, and refuses what no honest archive of recordings holds."""

    archive: Path
    strip: int
    total: int = 0
    _count: int = 0
    _seen: dict[str, tuple[str, bool]] = field(default_factory=dict)  # folded path -> (path as spelled, is a file)

    def place(self, member: Member) -> PurePosixPath | None:
        """The member's path in the target folder; None when there is nothing to write.

        Raises
        ------
        UserError
            When the path leads out of the target or collides with another one, when the member is a link or a device,
            or when the archive unpacks to an implausible size.
        """
        self._count += 1
        if self._count > plausible_members(self.archive):
            self._refuse(member, f"is one too many: {_TOO_MANY}")
        self._test_size(member)
        parts = self._parts(member)
        if any(part in _LITTER or part.startswith("._") for part in parts):
            return None
        if member.kind == "other":
            self._refuse(member, "is a link or a device, not a file")
        if member.kind == "folder" or not parts:
            return None
        parts = parts[min(self.strip, len(parts) - 1) :]
        if parts[0] in OWN_NAMES:
            self._refuse(member, "has a name that reprosep get keeps for itself")
        self._test_names(member, parts)
        return PurePosixPath(*parts)

    def _parts(self, member: Member) -> list[str]:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if member.name.startswith("/") or _DRIVE.match(member.name):
            self._refuse(member, "has an absolute path")
        if ".." in parts:
            self._refuse(member, "leads out of the folder")
        if any(ord(letter) < 32 or letter == "\\" for letter in member.name):
            self._refuse(member, "has a backslash or a control character in its name")
        if any(len(part.encode(errors="surrogateescape")) > _LONGEST_NAME_BYTES for part in parts):
            self._refuse(member, "has a name that is too long for a file system")
        if len(parts) > _DEEPEST:
            self._refuse(member, f"lies in {len(parts) - 1} folders")
        return parts

    def _test_names(self, member: Member, parts: list[str]) -> None:
        """No two files of one path, and none that differ in case only: some file systems hold only one of them."""
        for depth in range(1, len(parts) + 1):
            spelled, is_file = "/".join(parts[:depth]), depth == len(parts)
            folded = unicodedata.normalize("NFC", spelled).casefold()
            if folded not in self._seen:
                self._seen[folded] = (spelled, is_file)
                continue
            other, other_is_file = self._seen[folded]
            if is_file or other_is_file or other != spelled:
                self._refuse(member, f"collides with '{other}'")

    def _test_size(self, member: Member) -> None:
        self.total += member.size
        bound = plausible_bytes(self.archive)
        if self.total > bound:
            self._refuse(member, f"makes {self.total} bytes with those before it, at most {bound} are plausible")

    def _refuse(self, member: Member, reason: str) -> NoReturn:
        shown = repr(member.name if len(member.name) <= _SHOWN else f"{member.name[:_SHOWN]}…")
        raise BadArchiveError(
            f"{self.archive}: member {shown} {reason}; this is not the published archive or not a safe one, "
            "nothing of it from here on was unpacked"
        )
