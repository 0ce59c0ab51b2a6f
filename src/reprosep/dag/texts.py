"""Tables and records that a job wrote as text, which have no place for a checksum: theirs is kept beside Snakemake's.

It is taken at the first plan after the job, together with the date that Snakemake noted of it, and holds until a job
writes the file again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_json, sha256, write_json
from reprosep.base.seal import DamagedError, is_noted, note

SUFFIXES = (".csv", ".json", ".svg", ".html")
_KEPT = Path(".snakemake/reprosep/texts.json")


class Texts:
    """The checksums of such files, by path."""

    def __init__(self, store: Any) -> None:
        self._store = store
        try:
            kept = read_json(_KEPT)
        except UserError:
            kept = {}
        self._kept: dict[str, Any] = kept if isinstance(kept, dict) else {}

    def check(self, path: Path) -> None:
        """See that a file is as it was at the first plan after its job; :class:`UserError` where it is not."""
        if is_noted(path):
            return
        record = self._store._read_record(str(path))
        if record is None:
            return
        made, found = record.endtime, sha256(path)
        if self._kept.get(str(path), [made, found]) == [made, found] or self._kept[str(path)][0] != made:
            self._kept[str(path)] = [made, found]
            note(path)
            return
        raise DamagedError(path, "its content is another than a job of Snakemake wrote")

    def save(self) -> None:
        """Keep what is known for the next plan."""
        write_json(_KEPT, self._kept)
