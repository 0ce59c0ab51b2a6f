"""Errors that a user can mend.

Conventions
-----------
A :class:`UserError` is one sentence that names the file or key, what was found, what was expected and how to mend it.
The command line prints it without a traceback and exits with status 2. A :class:`Preempted` is no error: the work was
told to stop, has kept what it did, and the same command goes on from there; exit status 75.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

USER_ERROR = 2  # exit status
PREEMPTED = 75  # exit status, EX_TEMPFAIL of sysexits.h: try again


class UserError(Exception):
    """Something outside the program is wrong, and this sentence says what and how to mend it.

    `check` names it where it is one of the things that ``reprosep doctor`` looks for.
    """

    def __init__(self, sentence: str, check: str = "") -> None:
        super().__init__(sentence)
        self.check = check


class Preempted(Exception):  # noqa: N818, it is no error
    """The work was told to stop and has kept what it did; this sentence says where it goes on."""


def near_match(word: str, allowed: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the closest allowed word, or nothing when none is near."""
    match = difflib.get_close_matches(str(word), [str(item) for item in allowed], n=1, cutoff=0.6)
    return f" (did you mean '{match[0]}'?)" if match else ""
