"""Names of songs and targets, compared: composed (NFC), and without regard to case where that leaves one."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable

from reprosep.base.listing import composed, displayed


class Names:
    """What is known by names, to be found by other spellings of these."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        """`known` are names, and what has each."""
        self._exact: dict[str, list[str]] = {}
        self._folded: dict[str, list[str]] = {}
        for name, what in known:
            self._exact.setdefault(composed(name), []).append(what)
            self._folded.setdefault(composed(name).casefold(), []).append(what)

    def find(self, name: str) -> str | None:
        """What has that name; None where nothing has, or several have."""
        exact = self._exact.get(composed(name))
        alike = exact or self._folded.get(composed(name).casefold(), [])
        return alike[0] if len(alike) == 1 else None


def matches(name: str, patterns: Collection[str]) -> bool:
    """Whether a name is one of `patterns`, or what the shell would find by one."""
    folded = composed(name).casefold()
    wanted = [composed(displayed(pattern)).casefold() for pattern in patterns]
    return any(folded == pattern or fnmatch.fnmatchcase(folded, pattern) for pattern in wanted)
