"""What an evaluation leaves out, and why: told on the terminal, and written to ``left-out.csv``."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from reprosep.base.files import whole_file
from reprosep.base.listing import HIDDEN, LeftOut, displayed

log = logging.getLogger(__name__)

NO_ESTIMATE = "no estimate"
IGNORED = "left out by --ignore"
NOT_PUBLISHED = "no published score"
_MEANT = (HIDDEN, IGNORED)  # what nobody misses
_NAMED = 5  # songs in a sentence


@dataclass(frozen=True)
class Row:
    """One song, target or file; `target` is '' for a whole song, `method` '' for references, `path` '' for nothing."""

    song: str
    target: str
    method: str
    path: str
    reason: str


@dataclass
class Omissions:
    """What was left out so far."""

    rows: list[Row] = field(default_factory=list)

    def add(self, reason: str, *, song: str = "", target: str = "", method: str = "", path: Path | None = None) -> None:
        """Note something; its names are shown ones."""
        self.rows.append(Row(song, target, method, displayed(str(path)) if path else "", reason))

    def add_files(self, files: Iterable[LeftOut], root: Path, method: str) -> None:
        """Note files below `root`, the folder of a method or of the references."""
        for one in files:
            song = one.path.parent.relative_to(root).as_posix() if one.path != root else "."
            self.add(one.reason, song="" if song == "." else displayed(song), method=method, path=one.path)

    @property
    def missed(self) -> list[Row]:
        """What somebody may miss: not what is hidden, nor what was asked to be left out."""
        return [row for row in self.rows if row.reason not in _MEANT]

    def songs_without(self, method: str, target: str) -> int:
        """Songs that a method has no estimate of a target for."""
        mine = {(row.song, row.target) for row in self.rows if row.reason == NO_ESTIMATE and row.method == method}
        return len({song for song, missing in mine if missing in ("", target)})

    def tell(self) -> None:
        """Say on the terminal what somebody may miss."""
        groups: dict[tuple[str, str], list[str]] = {}
        for row in self.missed:
            if row.reason == NO_ESTIMATE:
                groups.setdefault((row.method, row.target), []).append(row.song)
        for (method, target), songs in groups.items():
            what = f"no estimate of {target} in" if target else "no estimates of"
            named = ", ".join(songs[:_NAMED]) + (f" and {len(songs) - _NAMED} more" if len(songs) > _NAMED else "")
            log.warning("%s: %s %d song%s: %s", method, what, len(songs), "s" * (len(songs) != 1), named)
        files = Counter(row.reason for row in self.rows if row.path)
        if any(row.path for row in self.missed):
            counts = ", ".join(f"{count} {reason}" for reason, count in files.most_common())
            log.warning("%d files or folders are left out: %s; see left-out.csv", files.total(), counts)

    def write(self, path: Path) -> None:
        """All of it as a table, and beside it ``left-out-counts.csv``: how many of each reason."""
        table = pd.DataFrame([asdict(row) for row in self.rows], columns=list(Row.__dataclass_fields__))
        counts = table.groupby(["method", "reason"], sort=False).size().rename("count").reset_index()
        for place, content in ((path, table), (path.with_name(f"{path.stem}-counts.csv"), counts)):
            with whole_file(place) as temporary:
                content.to_csv(temporary, index=False)
