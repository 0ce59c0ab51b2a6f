"""What is wrong with the places that a command would write to, told before anything is computed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.base.files import mendable

_Identity = tuple[int, int]  # device and inode: the same for every name of a file, links and other letter cases too


def check_files(outputs: Iterable[Path], inputs: Iterable[Path] = ()) -> None:
    """Raise where one of the files `outputs` cannot be written, or is or lies in one of the `inputs`.

    Raises
    ------
    UserError
        When an output is a folder or a device, its folder is none or read-only, its name is too long, or it is a file
        that is read or lies in a folder that is.
    """
    outputs = list(outputs)
    refuse_inputs(outputs, inputs)
    for path in outputs:
        if is_folder(path):
            raise UserError(f"{path}: is a folder, expected the name of a file to write; name a file in it")
        if _exists(path) and path.exists() and not path.is_file():
            raise UserError(f"{path}: is a device or a pipe, expected the name of a file to write; choose another name")
        _check_writable(path, path.parent)


def check_folder(output: Path, inputs: Iterable[Path] = ()) -> None:
    """The same for a folder in which files are written; it need not be there."""
    refuse_inputs([output], inputs)
    if _exists(output) and not is_folder(output):
        raise UserError(f"{output}: is a file, expected a folder to write to; choose another name")
    _check_writable(output, output)


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise :class:`UserError` where one of `outputs` is one of the files `inputs`, or lies in a folder of them."""
    read = {identity: path for path in inputs if (identity := _identity(path))}
    for output in outputs:
        place = Path(os.path.realpath(output))
        for above in (place, *place.parents):
            source = read.get(_identity(above) or (-1, -1))
            if source is not None and (above == place or source.is_dir()):
                what = "is" if above == place else "lies in"
                raise UserError(
                    f"{output}: {what} {source}, which this command reads, and nothing is written over its input or "
                    "among it; choose another place to write to"
                )


def is_folder(path: Path) -> bool:
    """Whether a folder has that name; :class:`UserError` when nothing can, since it is too long."""
    return _exists(path) and path.is_dir()


def _identity(path: Path) -> _Identity | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _exists(path: Path) -> bool:
    """Whether something has that name, be it a link to nothing."""
    try:
        path.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(f"{path}: the name is longer than the file system takes; choose a shorter one") from error
        return False
    return True


def _check_writable(path: Path, folder: Path) -> None:
    """A file can be made in the nearest folder above that is there."""
    while not _exists(folder):
        folder = folder.parent
    try:
        with mendable(path), tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:  # of places that are no disk's
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose another place for it") from error
