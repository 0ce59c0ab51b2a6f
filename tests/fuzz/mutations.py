"""Damage to the bytes of a file, seeded: flips, cuts, insertions, zeroes, swaps, huge numbers, other content."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

_HUGE = [struct.pack(layout, value) for layout in ("<Q", ">Q") for value in (2**64 - 1, 2**63 - 1, 2**60, 2**40)]
_HUGE += [struct.pack(layout, value) for layout in ("<I", ">I") for value in (2**32 - 1, 2**31 - 1, 2**31, 2**24)]
_WORDS = (
    b"9" * 5000,
    b"-1",
    b"1e999",
    b"NaN",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"\xff\xfe\x00",
    b"\x00" * 40,
    b'!!int ""',
    b"2026-13-45",
    b"&a [*a]",
    b"null",
    b'"',
    b",,,,\n",
    b"\r",
    b"\n\n---\n",
    b"\xed\xa0\x80",
)


def _flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _flip_early(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(min(len(data), 64))] = rng.randrange(256)


def _flip_late(data: bytearray, rng: random.Random) -> None:
    data[-1 - rng.randrange(min(len(data), 64))] = rng.randrange(256)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _cut_out(data: bytearray, rng: random.Random) -> None:
    first = rng.randrange(len(data))
    del data[first : first + rng.choice((1, 4, 100, 5000))]


def _insert(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice((1, 4, 100, 5000)))


def _insert_word(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(_WORDS)


def _zero(data: bytearray, rng: random.Random) -> None:
    first, count = rng.randrange(len(data)), rng.choice((4, 64, 4096))
    data[first : first + count] = bytes(len(data[first : first + count]))


def _swap(data: bytearray, rng: random.Random) -> None:
    size = max(1, len(data) // rng.choice((3, 8, 40)))
    one, other = (rng.randrange(len(data) - size + 1) for _ in range(2))
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]


def _huge(data: bytearray, rng: random.Random) -> None:
    number = rng.choice(_HUGE)
    at = rng.randrange(max(1, (min(len(data), 128) if rng.random() < 0.5 else len(data)) - len(number)))
    data[at : at + len(number)] = number


def _huge_digits(data: bytearray, rng: random.Random) -> None:
    digits = [place for place, byte in enumerate(data) if 48 <= byte < 58]
    if digits:
        at = rng.choice(digits)
        data[at:at] = b"9" * rng.choice((3, 19, 400, 5000))


def _twice(data: bytearray, rng: random.Random) -> None:
    data.extend(bytes(data))


def _noise(data: bytearray, rng: random.Random) -> None:
    data[:] = rng.randbytes(rng.choice((1, 7, 300, 5000)))


def _noise_behind_magic(data: bytearray, rng: random.Random) -> None:
    data[rng.choice((2, 4, 8, 16)) :] = rng.randbytes(400)


def _empty(data: bytearray, rng: random.Random) -> None:
    data.clear()


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _flip,
    _flip_early,
    _flip_late,
    _cut,
    _cut_out,
    _insert,
    _insert_word,
    _zero,
    _swap,
    _huge,
    _huge,
    _huge_digits,
    _twice,
    _noise,
    _noise_behind_magic,
    _empty,
)


def damaged(content: bytes, seed: int) -> bytes:
    """The content with the damage of that number, never the content itself unless swapping changed nothing."""
    rng = random.Random(seed)
    data = bytearray(content)
    DAMAGES[seed % len(DAMAGES)](data, rng)
    while data and rng.random() < 0.2:
        rng.choice(DAMAGES)(data, rng)
    return bytes(data)
