"""What a section finds: checks, tables and notes, written to its file as they come.

The file is replaced whole at every finding, so that a section that is stopped keeps what it had.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprosep.base.files import write_json

RUNNING, DONE, FAILED = "running", "done", "failed"
OUT_OF_TIME, LEFT_OUT = "out of time", "left out"


class Findings:
    """The record of one section; `head` is what it begins with."""

    def __init__(self, path: Path, head: dict[str, Any]) -> None:
        self.path = path
        self.record: dict[str, Any] = {**head, "status": RUNNING, "checks": [], "tables": [], "notes": []}
        self.save()

    def check(self, what: str, found: str, expected: str, holds: bool | None = None) -> None:
        """Something that was expected, and whether it is so; None where nobody could say beforehand."""
        self.record["checks"].append({"what": what, "found": found, "expected": expected, "holds": holds})
        self._told(f"{what}: {found}" + ("" if holds is None else ", as expected" if holds else f"; NOT {expected}"))

    def table(self, title: str, *columns: str) -> Table:
        """A table without rows."""
        content: dict[str, Any] = {"title": title, "columns": columns, "rows": []}
        self.record["tables"].append(content)
        return Table(self, content)

    def note(self, text: str) -> None:
        """A sentence."""
        self.record["notes"].append(text)
        self._told(text)

    def finish(self, **more: Any) -> None:
        """The last words: how it ended, and what else is to be known."""
        self.record.update(more)
        self.save()

    def _told(self, text: str) -> None:
        print(f"  {text}", flush=True)
        self.save()

    def save(self) -> None:
        """Write what there is."""
        write_json(self.path, self.record)


class Table:
    """A table that grows by rows."""

    def __init__(self, findings: Findings, content: dict[str, Any]) -> None:
        self._findings, self._content = findings, content

    def row(self, *cells: str) -> None:
        """One cell per column."""
        assert len(cells) == len(self._content["columns"]), cells
        self._content["rows"].append(cells)
        self._findings._told(" · ".join(cells))
