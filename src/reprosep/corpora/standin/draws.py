"""Seeded draws: random streams that do not depend on order, and evenly spread choices over the songs of a corpus.

Conventions
-----------
Every stream is a Philox counter keyed by the corpus seed and the song, so any song can be made alone, in any process.
Choices that must come out in fixed proportions even in a corpus of ten songs (who plays, how much) are not drawn
independently: they follow an additive recurrence ``frac(offset + index * sqrt(prime))``, whose every prefix is spread
evenly over [0, 1).
"""

from __future__ import annotations

import math
import zlib

import numpy as np

_PRIMES = (2, 3, 5, 7, 11, 13, 19, 23, 29, 31, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)
_DIMENSIONS = (
    "vocals",
    "bass",
    "drums",
    "electric guitar",
    "acoustic guitar",
    "piano",
    "stems",
    "style",
    "singer",
    "vocals share",
    "bass share",
    "drums share",
    "electric guitar share",
    "acoustic guitar share",
    "piano share",
    "other share",
)


def _words(text: str) -> list[str]:
    return text.split()


_FIRST_WORDS = _words(
    "Amber Arctic Bitter Blue Brass Broken Cedar Copper Coral Crimson Dusty Early Electric Fading Foggy Golden Harbour "
    "Hollow Indigo Iron Ivory Jade Late Little Lonely Lunar Marble Midnight Mossy Northern Ochre Paper Pale Quiet "
    "Rusty Saffron Silent Silver Slow Solar Southern Stone Sudden Tender Velvet Violet Wandering Willow Winter Yonder"
)
_BAND_WORDS = _words(
    "Anchors Arcade Badgers Birches Bridge Cabinet Canyon Cartographers Choir Compass Crows Dials Ferries Foxes Garden "
    "Gliders Herons Islands Junction Kettles Lanterns Letters Lighthouse Magpies Meadow Mills Mirrors Orchard Otters "
    "Parade Pilots Quarry Radio Rivers Sailors Sparrows Station Swifts Tides Trams Union Valley Wolves Wrens"
)
_TITLE_WORDS = _words(
    "Afternoon Answer Avenue Balcony Blossom Borders Carousel Chances Circles Corners Daylight Distance Echoes Embers "
    "Evening Fences Fields Footsteps Ghosts Gravity Halfway Harvest Holiday Horizon Hours Journey Ladders Leaves Maps "
    "Moonrise Morning Oceans Promise Questions Rain Reasons Return Rooftops Seasons Shadows Signals Stories Summer "
    "Thunder Tomorrow Trains Undertow Wires"
)


def song_code(layout: str, split: str, index: int) -> int:
    """A number for one song of one corpus, the second half of the key of its random streams."""
    return (zlib.crc32(f"{layout}/{split}".encode()) << 32) | index


def stream(seed: int, code: int, purpose: str) -> np.random.Generator:
    """The random stream of one purpose (``"plan"``, ``"notes 3"``) within one song; streams never overlap."""
    counter = [0, 0, 0, zlib.crc32(purpose.encode())]
    # As unsigned integers: numpy turns a list with a number above 2**63 into floats, and songs then share a stream.
    key = np.array([seed % 2**64, code], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def evenly(seed: int, dimension: str, index: int, salt: str = "") -> float:
    """A number in [0, 1) for song `index`, spread evenly over any run of songs, unrelated between dimensions."""
    prime = _PRIMES[_DIMENSIONS.index(dimension)]
    offset = stream(seed, zlib.crc32(salt.encode()), dimension).random()
    return float((offset + index * math.sqrt(prime)) % 1.0)


def artist_name(seed: int, number: int) -> str:
    """An invented band, different for every `number`."""
    return _unique_pair(seed, "artist", number, _FIRST_WORDS, _BAND_WORDS, "{} {}")


def song_title(seed: int, number: int) -> str:
    """An invented title, different for every `number`."""
    return _unique_pair(seed, "title", number, _FIRST_WORDS, _TITLE_WORDS, "{} {}")


def _unique_pair(seed: int, kind: str, number: int, first: list[str], second: list[str], pattern: str) -> str:
    """The pair at place `number` of a seeded shuffle of all pairs; later rounds carry a numeral."""
    pairs = len(first) * len(second)
    order = stream(seed, 0, kind).permutation(pairs)
    turn, place = divmod(number, pairs)
    left, right = divmod(int(order[place]), len(second))
    name = pattern.format(first[left], second[right])
    return f"{name} {turn + 1}" if turn else name
