"""The checksum that a FLAC file carries of its samples, which libsndfile does not look at.

RFC 9639, section 8.2: the MD5 of the samples as little-endian integers of whole bytes, interleaved; zeros where the
encoder could not go back to write it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

_STREAMINFO = 8  # bytes before it: the file's mark, and the header of its first block
_WIDTHS = (16, 24)  # bits that float32 holds exactly, and libsndfile scales by a power of two


class Checksum:
    """Of the samples of a file, taken in blocks."""

    def __init__(self, bits: int, wanted: bytes) -> None:
        self.bits, self._wanted, self._md5 = bits, wanted, hashlib.md5(usedforsecurity=False)

    @classmethod
    def of(cls, path: Path) -> Checksum | None:
        """That of a file; None where it is no FLAC from its first byte on, or has no checksum."""
        with open(path, "rb") as file:
            head = file.read(_STREAMINFO + 34)
        if head[:4] != b"fLaC" or len(head) < _STREAMINFO + 34:
            return None
        bits = ((head[_STREAMINFO + 12] & 1) << 4 | head[_STREAMINFO + 13] >> 4) + 1
        wanted = head[_STREAMINFO + 18 :]
        return cls(bits, wanted) if any(wanted) and bits in _WIDTHS else None

    def take(self, samples: np.ndarray) -> None:
        """The next samples, ``(sample, channel)`` in [-1, 1]."""
        integers = samples * np.float32(2 ** (self.bits - 1))  # exact
        if self.bits == 16:
            content = integers.astype("<i2")
        else:
            content = np.ascontiguousarray(integers.astype("<i4").view(np.uint8).reshape(-1, 4)[:, : self.bits // 8])
        self._md5.update(content.data)

    def fits(self) -> bool:
        """Whether what was taken is what was encoded."""
        return self._md5.digest() == self._wanted
