"""Whether a sound file is as long as its header says, told from the header alone.

libsndfile and ffmpeg read a file that was cut up to its end, without a word. So the sizes in the headers of containers
are compared with the file's own. Programs that write to a pipe cannot go back to put the size in, and leave a number
that means "up to the end": such files are whole, and get their true sizes as :data:`Corrections`.

References
----------
- RIFF, RIFX: Microsoft and IBM, Multimedia Programming Interface 1.0. RF64, BW64: EBU Tech 3306, ITU-R BS.2088.
- AIFF, AIFC: Apple 1989, 1991. CAF: Apple Core Audio Format 1.0. Wave64: Sony 2003. au: Sun.
- SPHERE: NIST. voc: Creative. AVI: Microsoft, OpenDML 1.02. ASF (wma): Microsoft, ASF Specification 1.20, Section 3.2.
- Ogg: RFC 3533, Section 6 (the last page of a stream is marked). MP4: ISO/IEC 14496-12, Section 4.2.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from reprosep.audio.info import joined, truncated
from reprosep.base.errors import UserError

Corrections = tuple[tuple[int, bytes], ...]
"""Bytes that belong at these places of a file, for the sizes that its writer left open."""

_OPEN = (
    (0x7F000000 - 8192, 0x7F000000 + 64),  # aiff of sox, in whole frames
    (2**31 - 8192, 2**31 + 8192),  # sox, arecord, mplayer: about 2 GiB, with or without headers, in whole frames
    (2**32 - 8192, 2**32 - 1),  # ffmpeg, lame, mpg123
    (2**63 - 8192, 2**64 - 1),  # the same in formats with 64 bits
)
"""Sizes that mean "up to the end", from and to."""

_FIRST, _LAST = 2, 4  # flags of an Ogg page
_FILE_PROPERTIES, _BROADCAST = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"), 1  # of ASF, and one of its flags
_BOXES = (b"ftyp", b"moov", b"mdat", b"moof", b"sidx", b"mfra", b"wide", b"free", b"skip", b"styp", b"uuid")


def corrections(path: Path) -> Corrections:
    """What has to be put into a header whose sizes were left open; nothing for all others.

    Raises
    ------
    UserError
        When the file is shorter than its header says, or lacks its last page.
    """
    with open(path, "rb") as file:
        start, size = file.read(16), os.fstat(file.fileno()).st_size
        for magic, check in _CHECKS.items():
            if re.match(magic, start, re.DOTALL):
                with contextlib.suppress(struct.error):  # a header that ends in its middle: the decoders say it
                    return check(path, file, size)
    return ()


def _is_open(length: int, left: int) -> bool:
    return length > left and any(low <= length <= high for low, high in _OPEN)


def _riff(path: Path, file: BinaryIO, size: int) -> Corrections:
    file.seek(0)
    order, long, place, lengths = ">" if file.read(4) == b"RIFX" else "<", None, 12, struct.Struct("<QQQ")
    while header := _header(file, place, order + "4sI"):
        (name, length), left = header, size - place - 8
        if name == b"ds64":
            long = place + 8
        elif name == b"data" and long and length == 0xFFFFFFFF:
            _, length, _ = lengths.unpack(_at(file, long, lengths.size))
            if _is_open(length, left) or not length:
                return ((long, lengths.pack(size - 8, left, 0)),)
            return _whole(path, length, left)
        elif name == b"data":
            if left > 0xFFFFFFFF:
                raise UserError(
                    f"{path}: more than 4 GiB of samples, which a wav header cannot say; write it as flac, w64 or rf64"
                )
            if _is_open(length, left) or (not length and left and not _chunks_follow(file, place + 8, order, size)):
                return ((place + 4, struct.pack(order + "I", min(left, 0xFFFFFFFE))),)
            return _whole(path, length, left)
        place += 8 + length + length % 2
    return ()


def _chunks_follow(file: BinaryIO, place: int, order: str, size: int) -> bool:
    """Whether a chunk is at that place, so that the empty one before it is truly empty."""
    header = _header(file, place, order + "4sI")
    return header is not None and header[0].isascii() and header[0].strip().isalnum() and place + 8 + header[1] <= size


def _aiff(path: Path, file: BinaryIO, size: int) -> Corrections:
    place, format_place = 12, 0
    while header := _header(file, place, ">4sI"):
        (name, length), left = header, size - place - 8
        if name == b"COMM":
            format_place = place + 8
        elif name == b"SSND" and format_place and (_is_open(length, left) or length <= 8 < left):
            channels, _, bits = struct.unpack(">hIh", _at(file, format_place, 8))
            frames = (left - 8) // max(channels * -(-bits // 8), 1)
            return ((place + 4, struct.pack(">I", left)), (format_place + 2, struct.pack(">I", frames)))
        elif name == b"SSND":
            return _whole(path, length, left)
        place += 8 + length + length % 2
    return ()


def _caf(path: Path, file: BinaryIO, size: int) -> Corrections:
    place = 8
    while (header := _header(file, place, ">4sq")) and header[1] >= 0:  # -1: data up to the end
        if place + 12 + header[1] > size:
            return _whole(path, header[1], size - place - 12)
        place += 12 + header[1]
    return ()


def _wave64(path: Path, file: BinaryIO, size: int) -> Corrections:
    place = 40
    while (header := _header(file, place, "<16sQ")) and 24 <= header[1] < 2**62:  # with its own 24 bytes
        if header[0].startswith(b"data"):
            return _whole(path, header[1] - 24, size - place - 24)
        place += -(-header[1] // 8) * 8
    return ()


def _au(path: Path, file: BinaryIO, size: int) -> Corrections:
    order = ">" if _at(file, 0, 4) == b".snd" else "<"
    start, length = struct.unpack(order + "II", _at(file, 4, 8))
    return () if _is_open(length, size - start) else _whole(path, length, size - start)


def _sphere(path: Path, file: BinaryIO, size: int) -> Corrections:
    head = _at(file, 0, 1024)
    fields = dict(re.findall(rb"(sample_count|channel_count|sample_n_bytes) -i (\d+)", head))
    start = re.match(rb"NIST_1A\s+(\d+)", head)
    if start and len(fields) == 3 and b"shorten" not in head:
        count, channels, width = (int(fields[name]) for name in (b"sample_count", b"channel_count", b"sample_n_bytes"))
        return _whole(path, count * channels * width, size - int(start[1]))
    return ()


def _voc(path: Path, file: BinaryIO, size: int) -> Corrections:
    (place,) = struct.unpack("<H", _at(file, 20, 2))
    while (header := _header(file, place, "<I")) and header[0] & 0xFF:
        length = header[0] >> 8
        if place + 4 + length > size:
            return _whole(path, length, size - place - 4)
        place += 4 + length
    return ()


def _avi(path: Path, file: BinaryIO, size: int) -> Corrections:
    length, left = struct.unpack("<I", _at(file, 4, 4))[0], size - 8
    return () if _is_open(length, left) else _whole(path, length, left)


def _asf(path: Path, file: BinaryIO, size: int) -> Corrections:
    """The header's object of file properties has the size of the whole file, unless it is broadcast."""
    place = 30
    while (header := _header(file, place, "<16sQ")) and 24 <= header[1] < 2**32:
        if header[0] == _FILE_PROPERTIES:
            length, flags = struct.unpack("<Q40xI", _at(file, place + 40, 52))
            return () if flags & _BROADCAST else _whole(path, length, size)
        place += header[1]
    return ()


def _mp4(path: Path, file: BinaryIO, size: int) -> Corrections:
    place = 0
    while (header := _header(file, place, ">I4s")) and header[1] in _BOXES:
        long = _header(file, place + 8, ">Q") if header[0] == 1 else None
        length = long[0] if long else header[0]
        if place + length > size:
            return _whole(path, length, size - place)
        if length < 8:  # up to the end of the file
            break
        place += length
    return ()


def _ogg(path: Path, file: BinaryIO, size: int) -> Corrections:
    """All pages: those that begin streams come first, and the last one ends a stream."""
    place, begun, ended = 0, False, False
    while (header := _header(file, place, "<4sxB20xB")) and header[0] == b"OggS":
        _, flags, segments = header
        if flags & _FIRST and begun:
            raise joined(path)
        begun |= not flags & _FIRST
        place += 27 + segments + sum(_at(file, place + 27, segments))
        ended = bool(flags & _LAST) and place <= size
    if not ended:
        raise UserError(
            f"{path}: truncated or damaged, its last page is not the end of the stream; copy or download the file "
            "again, or convert what is there to wav",
            "truncated",
        )
    return ()


def _whole(path: Path, promised: int, left: int) -> Corrections:
    if promised > left:
        raise truncated(path, promised, max(left, 0), "bytes of samples")
    return ()


def _header(file: BinaryIO, place: int, form: str) -> tuple | None:
    """What is at that place in a form of :mod:`struct`, None beyond the end."""
    content = _at(file, place, struct.calcsize(form))
    return struct.unpack(form, content) if len(content) == struct.calcsize(form) else None


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    if place >= os.fstat(file.fileno()).st_size:  # some are beyond any that can be sought
        return b""
    file.seek(place)
    return file.read(count)


_CHECKS: dict[bytes, Callable[[Path, BinaryIO, int], Corrections]] = {
    rb"(RIFF|RIFX|RF64|BW64)....WAVE": _riff,
    rb"FORM....AIF[FC]": _aiff,
    rb"caff": _caf,
    rb"riff\x2e\x91\xcf\x11": _wave64,
    rb"\.snd|dns\.": _au,
    rb"RIFF....AVI ": _avi,
    rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11": _asf,
    rb"NIST_1A": _sphere,
    rb"Creative Voice F": _voc,
    rb"....(ftyp|moov|mdat|wide|free|skip|styp)": _mp4,
    rb"OggS": _ogg,
}
"""By how a file begins."""
