"""What is printed for people: tables whose names are never marks and never cut.

Conventions
-----------
Names of users are printed as they are: square brackets and colons are no marks. On a terminal long names fold; in a
pipe or a file lines are as long as they have to be, unless all of their columns fold.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.table import Table

_NARROWEST = 60  # columns: on a narrower terminal it breaks the lines itself
_UNBROKEN = 10_000  # columns, in a pipe


def show(*shown: RenderableType, width: int = _UNBROKEN) -> None:
    """Print tables and texts to stdout; `width` in columns holds in a pipe or a file, where names fold at it."""
    terminal = Console(markup=False, emoji=False, highlight=False)
    terminal.width = max(terminal.width, _NARROWEST) if sys.stdout and sys.stdout.isatty() else width
    for one in shown:
        for table in _tables(one):
            for column in table.columns:
                column.overflow = "fold"
        terminal.print(one)


def _tables(shown: RenderableType) -> Iterable[Table]:
    if isinstance(shown, Table):
        yield shown
    elif isinstance(shown, Group):
        for one in shown.renderables:
            yield from _tables(one)
