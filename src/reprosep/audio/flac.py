"""What a FLAC file says of itself twice, and libsndfile looks at once: its samples by a checksum, its sample rate.

RFC 9639, section 8.2: the MD5 of the samples as little-endian integers of whole bytes, interleaved; zeros where the
encoder could not go back to write it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from reprosep.base.errors import UserError

_MARK, _STREAMINFO = 4, 34  # bytes of the file's mark, and of its first block behind the four of a block's header
_WIDTHS = (16, 24)  # bits that float32 holds exactly, and libsndfile scales by a power of two

_RATES = (0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)  # by code; 0: the header's


def check_rate(path: Path) -> None:
    """See that the header has the sample rate of the first frame (RFC 9639, section 9.1.2); nothing of other files.

    Raises
    ------
    UserError
        When it has another.
    """
    with open(path, "rb") as file:
        info = _stream_info(file)
        if not info:
            return
        file.seek(_MARK)
        last = False
        while not last and len(head := file.read(4)) == 4:
            last = bool(head[0] & 0x80)
            file.seek(int.from_bytes(head[1:], "big"), os.SEEK_CUR)
        frame = file.read(3)
    rate = int.from_bytes(info[10:13], "big") >> 4
    code = frame[2] & 0xF if len(frame) == 3 and frame[0] == 0xFF else 0
    if code < len(_RATES) and _RATES[code] not in (0, rate):
        raise UserError(
            f"{path}: damaged, its header says {rate} Hz and its first frame {_RATES[code]} Hz; copy it again",
            "unreadable",
        )


def _stream_info(file: BinaryIO) -> bytes:
    """The first block of a FLAC file, which is always this one (section 8.2); nothing of other files."""
    head = file.read(_MARK + 4 + _STREAMINFO)
    return head[_MARK + 4 :] if head[:_MARK] == b"fLaC" and len(head) == _MARK + 4 + _STREAMINFO else b""


class Checksum:
    """Of the samples of a file, taken in blocks."""

    def __init__(self, bits: int, wanted: bytes) -> None:
        self.bits, self._wanted, self._md5 = bits, wanted, hashlib.md5(usedforsecurity=False)

    @classmethod
    def of(cls, path: Path) -> Checksum | None:
        """That of a file; None where it is no FLAC from its first byte on, or has no checksum."""
        with open(path, "rb") as file:
            info = _stream_info(file)
        if not info:
            return None
        bits = ((info[12] & 1) << 4 | info[13] >> 4) + 1
        wanted = info[18:]
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
