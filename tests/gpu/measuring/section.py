"""A part of a day: one question, answered within a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from measuring.findings import Findings
from measuring.settings import Day


@dataclass(frozen=True)
class Section:
    """What a module of ``sections/`` measures.

    Attributes
    ----------
    name
        Of its file.
    about
        What it is for, in plain words.
    seconds
        That it may take; it is stopped then.
    """

    name: str
    title: str
    about: str
    seconds: float
    measure: Callable[[Day, Findings], None]
