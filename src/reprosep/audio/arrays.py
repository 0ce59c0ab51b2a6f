"""Files of arrays: ``.npy`` to be mapped into memory, ``.npz`` compressed; whole or absent, with a checksum inside."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reprosep.base.seal import BLANK, check, sealed_file

_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNMENT = 64  # of the first number in a .npy file, so that it can be mapped


def save_array(path: Path, array: np.ndarray) -> None:
    """A ``.npy`` file as numpy writes it, with its checksum as a comment in the header."""
    content = np.asarray(array, order="C")
    with sealed_file(path) as temporary, open(temporary, "wb") as file:
        file.write(_header(content))
        # numpy's own way to write does not tell when a disk is full
        file.write(content.reshape(-1).view(np.uint8).data)


def load_array(path: Path) -> np.ndarray:
    """The array of such a file, mapped read-only; :class:`UserError` when it is missing or damaged."""
    check(path)
    mapped: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """A compressed ``.npz`` file, its checksum as the comment; numpy's own writer puts the time of day into it."""
    with sealed_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED)
        archive.comment = BLANK.encode()


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of such a file by name; :class:`UserError` when it is missing or damaged."""
    check(path)
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _header(array: np.ndarray) -> bytes:
    """Format 1.0 of ``.npy``: a Python literal behind its length; what follows a ``#`` is no part of it."""
    described = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    text = f"{described!r} # {BLANK}".encode("latin1")
    before = len(_MAGIC) + 2
    text += b" " * (-(before + len(text) + 1) % _ALIGNMENT) + b"\n"
    return _MAGIC + len(text).to_bytes(2, "little") + text
