"""A share of the training songs of a corpus.

The songs that hold the target have an order of their own, which the seed draws, and so have the others; a share is the
first of either, rounded up. What is in a smaller share is therefore in every larger one, a share holds as much of the
target as of all else, and of any share above 0 there is a song with the target to train on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from reprosep.corpora.draws import Stream, generator

_DIGITS = 9  # of a product of a share and a count, which is not exact in binary


def songs_of_share(stems: pd.DataFrame, target: str, share: float, seed: int, corpus: int = 0) -> list[str]:
    """The songs of a share of some training stems (columns song and target).

    Parameters
    ----------
    share: 0 to 1, of the songs that hold the target and of the others.
    seed: that of the training, so that trainings with other seeds are trained on other songs.
    corpus: its number among those that a network is trained on, whose orders are drawn independently.
    """
    holding = set(stems.loc[stems["target"] == target, "song"])
    groups = (sorted(holding), sorted(set(stems["song"]) - holding))
    return [song for number, songs in enumerate(groups) for song in _first(songs, share, seed, 2 * corpus + number)]


def _first(songs: Sequence[str], share: float, seed: int, number: int) -> list[str]:
    order = generator(seed, Stream.SONG_ORDER, number).permutation(len(songs))
    return [songs[place] for place in order[: math.ceil(round(share * len(songs), _DIGITS))]]
