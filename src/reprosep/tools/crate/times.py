"""When a scale was computed: by Snakemake's records of its files, else by their dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from reprosep.dag.versions.records import persistence


def begun_and_ended(files: Iterable[Path]) -> tuple[str | None, str]:
    """(first start, last end) of the jobs that made files, in ISO 8601; no start where no record has one."""
    store, begun, ended = persistence(), [], []
    for path in files:
        record = store._read_record(str(path))
        ended.append((record and record.endtime) or path.stat().st_mtime)
        if record and record.starttime:
            begun.append(record.starttime)
    return _iso(min(begun)) if begun else None, _iso(max(ended))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
