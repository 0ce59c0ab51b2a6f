"""What kinds of instruments a corpus has: categories of its stems' labels.

Conventions
-----------
- *Category*: what Table 1 of the Slakh paper counts. Of Slakh it is the class of a stem's General MIDI program in
  workflow/slakh-classes.yaml, of which there are 34; of other corpora the stems' own labels, case apart.
- *Family*: what Figure 1 of that paper shows. Of Slakh it is the class that its metadata give, of other corpora the
  label.

A stem with several labels counts for each of them; an empty label for none.

References
----------
Manilow et al., Slakh (WASPAA 2019), Sections 2.1, 2.2 and 2.4; MedleyDB's labels: Bittner et al. (ISMIR 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from reprosep.base.project import read_yaml, repository

_OF_PROGRAM = ": "  # between family and program in a label of Slakh's
_BETWEEN_LABELS = ", "


def categories_of(label: str, kind: str) -> set[str]:
    """The categories of a stem's label in a corpus of that kind, in lower case."""
    if kind != "slakh":
        return families_of(label, kind)
    family, _, program = label.casefold().partition(_OF_PROGRAM)
    return {_slakh_classes().get(program, family)} - {""}


def families_of(label: str, kind: str) -> set[str]:
    """The families of a stem's label in a corpus of that kind, in lower case."""
    names = label.casefold()
    return {names.partition(_OF_PROGRAM)[0]} - {""} if kind == "slakh" else set(names.split(_BETWEEN_LABELS)) - {""}


def count_categories(catalog: pd.DataFrame, kind: str) -> int:
    """Number of different categories of all stems of a catalog."""
    return len(set().union(*(categories_of(label, kind) for label in catalog["instrument"].unique())))


def songs_by_category(catalog: pd.DataFrame, kind: str, first: Sequence[str] = ()) -> dict[str, int]:
    """Category -> number of songs with at least one stem of it.

    Parameters
    ----------
    first: classes of the corpus that come first, in this order, also where no song has them; their stems count for them
        and not for a family. The families follow, the most frequent first.
    """
    pairs: dict[str, set[str]] = {name: set() for name in first}
    for song, label, target in zip(catalog["song"], catalog["instrument"], catalog["target"], strict=True):
        for name in {target} if target in first else families_of(label, kind):
            pairs.setdefault(name, set()).add(song)
    counts = {name: len(songs) for name, songs in pairs.items()}
    others = sorted((name for name in counts if name not in first), key=lambda name: (-counts[name], name))
    return {name: counts[name] for name in (*first, *others)}


@lru_cache(maxsize=1)
def _slakh_classes() -> dict[str, str]:
    """General MIDI program -> its class, both in lower case."""
    table = read_yaml(repository() / "workflow" / "slakh-classes.yaml")
    return {str(program).casefold(): name.casefold() for name, programs in table.items() for program in programs}
