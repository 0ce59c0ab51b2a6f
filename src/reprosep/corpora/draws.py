"""Random numbers by counter: what is drawn for item i with a seed is the same for everyone, in any order.

Every use of a seed has a stream of its own, all of them here, so that no two uses draw the same numbers.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What is drawn; a stream has room for as many numbers as lie before the next one."""

    SPLIT = 1  # of a corpus into training, validation and test songs
    PUBLISHED_SPLIT = 2  # of MedleyDB + Mixing Secrets by artists
    STATISTICS = 1 << 31  # items that no training of a realistic length reaches, for the statistics of its input
    TRAINING_ITEM = 1 << 32  # of a mixed training item
    CHUNK_SPLIT = 1 << 33  # which chunks validate
    CHUNK_ORDER = 1 << 34  # of a pass over chunks
    CLIP_ORDER = 1 << 35  # of a pass over clips
    CLIP_SEGMENT = 1 << 36  # of a clip
    ARTIST_SPLIT = 1 << 37  # of the detectors' songs
    SECOND_ORDER = 1 << 38  # of a pass over seconds
    SECOND_OFFSET = 1 << 39  # by which a second begins earlier or later
    SONG_ORDER = 1 << 40  # in which training songs count where a network is trained on a share of them


def generator(seed: int, stream: Stream, number: int = 0) -> np.random.Generator:
    """The generator of number `number` of a stream."""
    return np.random.Generator(np.random.Philox(key=[seed, stream + number]))
