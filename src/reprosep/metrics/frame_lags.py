"""Correlations of every frame, kept until the filters are known: in memory for short songs, else in a temporary file.

The energies of a frame need its correlations (half a megabyte for four stereo sources) and the filters, which are those
of the whole song. To make the correlations again would take as long as it took to make them; to write them takes about
a tenth of that.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np

_IN_MEMORY = 1 << 26  # bytes of one song
_BATCH = 1 << 24  # bytes that are read at once
_LARGE = Path("/var/tmp")


class FrameLags:
    """Arrays of one shape, one for every frame, written in order and then read in order, as often as wanted.

    Parameters
    ----------
    frames
        How many there will be.
    shape
        Of each: ``(lag, reference row, row)``.

    Raises
    ------
    OSError
        When they need a file for which the disk has no room.
    """

    def __init__(self, frames: int, shape: tuple[int, ...]) -> None:
        self._shape, self._written = shape, 0
        bytes_each = 8 * int(np.prod(shape))
        self._at_once = max(1, _BATCH // bytes_each)
        self._file = _room(frames * bytes_each) if frames * bytes_each > _IN_MEMORY else None
        self._memory = np.empty((0 if self._file else frames, *shape))

    def append(self, lags: np.ndarray) -> None:
        """The next frame."""
        if self._file:
            self._file.write(np.ascontiguousarray(lags).data)
        else:
            self._memory[self._written] = lags
        self._written += 1

    def __iter__(self) -> Iterator[np.ndarray]:
        """Some frames after the other, ``(frame, lag, reference row, row)``."""
        if self._file:
            self._file.seek(0)
        for first in range(0, self._written, self._at_once):
            last = min(first + self._at_once, self._written)
            yield self._read(last - first) if self._file else self._memory[first:last]

    def _read(self, count: int) -> np.ndarray:
        assert self._file
        batch = np.empty((count, *self._shape))
        if self._file.readinto(batch.data.cast("B")) != batch.nbytes:
            raise OSError(errno.EIO, "a temporary file ends before what was written to it")
        return batch


def _room(size: int) -> io.BufferedRandom:
    """A file without a name, so that nothing is left of it, that holds so many bytes."""
    folder = Path(tempfile.gettempdir())
    if "TMPDIR" not in os.environ and os.access(_LARGE, os.W_OK):
        folder = _LARGE
    if shutil.disk_usage(folder).free < size:
        raise OSError(
            errno.ENOSPC,
            f"no room for a temporary file of {size / 1e6:.0f} MB with the correlations of a long song; free some, or "
            "name a folder with more in the environment variable TMPDIR",
            str(folder),
        )
    return cast(io.BufferedRandom, tempfile.TemporaryFile(dir=folder))  # closed with the frames
