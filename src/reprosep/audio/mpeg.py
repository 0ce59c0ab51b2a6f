"""Whether an MPEG audio file (mp3, mp2) has all its frames: decoders skip what is wrong or missing without a word.

Frames are counted one by one and compared with the count in a Xing, Info or VBRI header. Without one, only a last frame
that is not there as a whole tells that the file was cut.

References
----------
ISO/IEC 11172-3 and 13818-3, Section 2.4.2.3 (header of a frame, table of bit rates).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprosep.audio.info import joined, truncated
from reprosep.base.errors import UserError

_LAYERS = {3: 1, 2: 2, 1: 3}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz, by version: 1, 2, 2.5
_BIT_RATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by version (1, or 2 and 2.5) and layer."""

_ID3V1 = 128  # bytes of a tag at the end


@dataclass(frozen=True)
class _Frame:
    start: int
    length: int
    kind: tuple[int, int, int]  # version, layer and index of the sample rate: the same in a whole stream


def has_frame_count(path: Path) -> bool:
    """Whether an MPEG audio file says how many frames it has, so that its length is known without decoding.

    Raises
    ------
    UserError
        When it has fewer frames than that, or only a part of the last one.
    """
    content = path.read_bytes()
    end = len(content) - (_ID3V1 if content[-_ID3V1:].startswith(b"TAG") else 0)
    frames = _frames(content, end)
    first = next(frames, None)
    if first is None:
        return False  # free format, or nothing that is known
    promised = _promised(content[first.start : first.start + first.length])
    whole, missing = 0, end - first.start < first.length
    for frame in frames:
        missing = frame.start + frame.length > end + 1  # some encoders leave out the last byte
        whole += not missing
    if promised and whole < promised - 1:  # some count the frame with the header too
        raise truncated(path, promised, whole, "frames")
    if promised and whole > promised + 2:
        raise joined(path)
    if missing and not promised:
        raise UserError(
            f"{path}: truncated, its last frame is there in part; copy or download the file again, or convert what is "
            "there to wav",
            "truncated",
        )
    return promised > 0


def _frames(content: bytes, end: int) -> Iterator[_Frame]:
    """One after the other; where none is, at the next place that has two."""
    place, kind = _behind_tag(content), None
    while place < end:
        frame = _frame(content, place)
        if frame and (kind in (None, frame.kind)) and (kind or _followed(content, frame)):
            kind = frame.kind
            yield frame
            place += frame.length
            continue
        place = content.find(b"\xff", place + 1, end)
        while place >= 0 and not ((frame := _frame(content, place)) and _followed(content, frame)):
            place = content.find(b"\xff", place + 1, end)
        if place < 0:
            return


def _followed(content: bytes, frame: _Frame) -> bool:
    after = _frame(content, frame.start + frame.length)
    return after is not None and after.kind == frame.kind


def _behind_tag(content: bytes) -> int:
    """Where the tag in front ends (ID3v2: a length of four times seven bits)."""
    if not content.startswith(b"ID3") or len(content) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))


def _frame(content: bytes, place: int) -> _Frame | None:
    head = content[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, _LAYERS.get(head[1] >> 1 & 3)
    bits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version not in _RATES or layer is None or bits in (0, 15) or rate == 3:
        return None
    hertz = _RATES[version][rate]
    bit_rate = 1000 * _BIT_RATES[1 if version == 3 else 2, layer][bits - 1]
    if layer == 1:
        return _Frame(place, 4 * (12 * bit_rate // hertz + padding), (version, layer, rate))
    halved = layer == 3 and version != 3
    return _Frame(place, (72 if halved else 144) * bit_rate // hertz + padding, (version, layer, rate))


def _promised(frame: bytes) -> int:
    """Frames that a Xing, Info or VBRI header in the first frame counts behind it, 0 where there is none."""
    for name in (b"Xing", b"Info"):
        place = frame.find(name, 4, 64)
        if place > 0 and frame[place + 7] & 1:
            return int.from_bytes(frame[place + 8 : place + 12], "big")
    place = frame.find(b"VBRI", 4, 64)
    return int.from_bytes(frame[place + 14 : place + 18], "big") if place > 0 else 0
