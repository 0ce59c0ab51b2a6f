"""Files that are either whole or absent: write to a temporary name, then rename."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError

_HASH_BLOCK_BYTES = 1 << 20
_UMASK = os.umask(0o077)  # can only be read by setting it; a shared cache's users have one that lets their group write
os.umask(_UMASK)
_RANDOM_LETTERS = 8  # in the names of tempfile
_SECONDS_TO_LOCK = 1.0  # between the making of a temporary file and the saying that it is used
_MOST_JSON_BYTES = 1 << 30  # the manifest of the largest corpus has 20 MB
_MOST_DIGITS = 30  # of a whole number
_LONGEST_NAME = 80  # letters of a song's name in a file's name
_LONGEST_FILE_NAME = 255  # bytes, of Linux and of what else mounts there
_LONGEST_SUFFIX = 16  # bytes; what is longer is no suffix but part of a name


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A temporary sibling of `path`, renamed to it when the block ends without an error.

    The temporary name keeps the suffix, since writers choose the format by it.

    Raises
    ------
    UserError
        When the folder is read-only or the disk is full.
    """
    path = Path(path)
    with mendable(path):
        _make_parent(path)
        _clear_left_behind(path)
        handle, name = tempfile.mkstemp(prefix=_temporary_prefix(path), suffix=_suffix(path), dir=path.parent)
    temporary = Path(name)
    try:
        with _held(handle), mendable(path):
            yield temporary
            os.chmod(temporary, 0o666 & ~_UMASK)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """A temporary sibling folder of `path` that replaces it when the block ends without an error."""
    path = Path(path)
    with mendable(path):
        _make_parent(path)
        _clear_left_behind(path)
        temporary = Path(tempfile.mkdtemp(prefix=_temporary_prefix(path), dir=path.parent))
    try:
        with _held(os.open(temporary, os.O_RDONLY)), mendable(path):
            yield temporary
            os.chmod(temporary, 0o777 & ~_UMASK)
            _put_in_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _held(handle: int) -> Iterator[None]:
    """Say of a temporary file or folder that somebody is at work on it, for as long as this process lives."""
    try:
        with contextlib.suppress(OSError):  # of a file system that cannot lock
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _clear_left_behind(path: Path) -> None:
    """Remove the temporary files of `path` that killed processes left."""
    prefix, suffix = _temporary_prefix(path), _suffix(path)
    length = len(prefix) + _RANDOM_LETTERS + len(suffix)
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(prefix) and entry.name.endswith(suffix)]
    for name in names:
        if len(name) == length:
            _remove_unless_held(path.parent / name)


def _remove_unless_held(path: Path) -> None:
    with contextlib.suppress(OSError):  # gone by now, somebody else's, or on a file system that cannot lock
        if time.time() - path.stat().st_mtime < _SECONDS_TO_LOCK:
            return
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        finally:
            os.close(handle)


def _make_parent(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.lstat()  # tells a name that is too long before the work, not after it


def _temporary_prefix(path: Path) -> str:
    """Short of every length that `path` may have, and still telling what it is of."""
    return f".{path.stem[: _LONGEST_NAME // 4]}."


def _suffix(path: Path) -> str:
    return path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""


def _put_in_place(folder: Path, path: Path) -> None:
    """Rename `folder` to `path`; what is there goes aside first, since only an empty folder can be renamed over."""
    while True:
        old = Path(tempfile.mkdtemp(prefix=_temporary_prefix(path), dir=path.parent))
        try:
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                os.replace(path, old)
            os.replace(folder, path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another process put one there in between
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def mendable(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into one clear sentence each."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise UserError(
                f"{path}: cannot be written ({error.strerror}); make the folder {path.parent} writable "
                "or choose another place for it"
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise UserError(
                f"{path}: cannot be written, a part of its path is a file, not a folder; rename that file "
                "or choose another place"
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(
                f"{path}: cannot be written, its name or path is longer than file systems take; choose a shorter one"
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"{path}: the disk is full; free some space on the disk of {path.parent} and run the same "
                "command again, what is finished is kept"
            ) from error
        raise


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as indented JSON, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True, default=str) + "\n", encoding="utf-8")


def read_json(path: str | Path, *, finite: bool = True, remedy: str = "delete it and run the step again") -> Any:
    """The content of a JSON file.

    Parameters
    ----------
    finite
        Whether its numbers have to be; else NaN and Infinity are read as Python writes them.
    remedy
        What to do about a file that is none: the end of the sentence.

    Raises
    ------
    UserError
        When it is missing, no file, too large, no UTF-8 or no JSON, or has a key twice, a number that is not finite or
        has more than :data:`_MOST_DIGITS` digits, or more lists in each other than Python takes.
    """
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise UserError(f"{path}: is no file; move it away and run the step that writes it again")
        with open(path, "rb") as file:
            content = file.read(_MOST_JSON_BYTES + 1)
        if len(content) > _MOST_JSON_BYTES:
            raise ValueError(f"more than {_MOST_JSON_BYTES >> 20} MiB")
        constant = _not_finite if finite else float
        return json.loads(content.decode(), object_pairs_hook=_pairs, parse_constant=constant, parse_int=_whole)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run the step that writes it first") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); make it readable and run again") from error
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise UserError(f"{path}: not readable as JSON ({reason}); {remedy}") from error


def read_record(path: str | Path, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """A JSON mapping that has at least these keys, with values of these kinds; :class:`UserError` for any other."""
    content = read_json(path)
    for key, kind in kinds.items():
        value = content.get(key) if isinstance(content, dict) else None
        if not isinstance(value, kind):
            raise UserError(
                f"{path}: not as this version writes it (no key '{key}' that holds {_named(kind)}); delete it and run "
                "the step again"
            )
    if not isinstance(content, dict):
        raise UserError(f"{path}: not as this version writes it (no mapping); delete it and run the step again")
    return content


def _named(kind: type | tuple[type, ...]) -> str:
    return " or ".join(f"a {one.__name__}" for one in (kind if isinstance(kind, tuple) else (kind,)))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key '{next(name for name in names if names.count(name) > 1)}' stands there twice")
    return content


def _not_finite(word: str) -> float:
    raise ValueError(f"found {word}, which is no finite number")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"found a number of {len(digits)} digits")
    return int(digits)


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def digest(content: Any, length: int = 12) -> str:
    """A short hexadecimal digest of any JSON-able content, for names that must change with it."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def slug(text: str) -> str:
    """`text` as a name that every file system takes: letters, digits, dots, dashes and underscores.

    A text that has to be changed for it gets a digest behind, so that different texts have different names.
    """
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")[:_LONGEST_NAME] or "unnamed"
    return safe if safe == text else f"{safe}-{digest(text, 6)}"


def fitting(name: str, suffix: str) -> str:
    """`name` and `suffix` as a file's name: cut, with a digest behind, where it is longer than file systems take."""
    room = _LONGEST_FILE_NAME - len(os.fsencode(suffix))
    if len(os.fsencode(name)) <= room:
        return f"{name}{suffix}"
    mark = f"-{digest(name, 6)}"
    return os.fsencode(name)[: room - len(mark)].decode("utf-8", "ignore") + mark + suffix
