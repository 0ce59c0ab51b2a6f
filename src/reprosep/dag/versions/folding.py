"""Lists that are alike, written once: what all have becomes one list with places, each item keeps what only it has.

    musdb: [results/musdb/audio, seed]
    mm:    [results/mm/audio, extra]       →  [results/${key}/audio], and of musdb [seed], of mm [extra]

Whatever pattern is chosen, the places of every item lead back to that item's own entries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

Places = Mapping[str, str]
"""What stands in place of `${…}` for an item."""

KEY = "${key}"  # the place of an item's own name
_NAMES = re.compile(r"([\w-]+)")


@dataclass(frozen=True)
class Folded:
    """Entries that all items have, with places, and by item those that it has beside them."""

    shared: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]]


def fold(entries: Mapping[str, Sequence[str]], places: Mapping[str, Places]) -> Folded:
    """Entries by item, written once as far as they are alike."""
    patterns = {item: [_patterns(entry, places[item]) for entry in listed] for item, listed in entries.items()}
    common = set.intersection(*({one for several in all_of for one in several} for all_of in patterns.values()))
    first = next(iter(patterns.values()))
    chosen = (next((one for one in several if one in common), "") for several in first)
    shared = tuple(dict.fromkeys(one for one in chosen if one))
    return Folded(shared, {item: _beside(shared, listed, places[item]) for item, listed in entries.items()})


def _patterns(entry: str, places: Places) -> list[str]:
    """All ways to write an entry with places: first those with the item's own name, then with few others."""
    parts = _NAMES.split(entry)
    choices = [[*(f"${{{place}}}" for place, value in places.items() if value == part), part] for part in parts]
    return ["".join(choice) for choice in sorted(product(*choices), key=_preference)]


def _preference(choice: Sequence[str]) -> tuple[int, int]:
    others = sum(part.startswith("${") and part != KEY for part in choice)
    return others, -choice.count(KEY)


def _beside(shared: Sequence[str], listed: Sequence[str], places: Places) -> tuple[str, ...]:
    """The entries of an item that are not among the shared ones."""
    covered = {filled(pattern, places) for pattern in shared}
    return tuple(entry for entry in listed if entry not in covered)


def filled(pattern: str, places: Places) -> str:
    """A pattern with an item's values in its places."""
    for place, value in places.items():
        pattern = pattern.replace(f"${{{place}}}", value)
    return pattern
