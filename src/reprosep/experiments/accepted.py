"""Changes of code that do not concern finished runs: a user says so, with a reason, and ``run.json`` keeps it.

A training whose code has changed is made again. Where the change does not concern it, `reprosep accept` records that:
the digest of the new code stands for that of the code which it was trained with, until the code changes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_record
from reprosep.experiments.reads import Reads
from reprosep.papers.run import Run

ACCEPTED = "accepted"  # key of run.json: a list of {code, reason, date, commit}


def code_of_run(results: Path, run: Run, reads: Reads) -> str:
    """The code of a training: that of today, or where that was accepted for a finished run the one that trained it."""
    record = _record(results, run)
    accepted = [entry.get("code") for entry in accepted_of(record)]
    return str(record["code"]) if reads.code in accepted else reads.code


def origin_of_code(results: Path, run: Run, reads: Reads) -> dict[str, Any]:
    """What ``run.json`` of a training that ends now says of its code: the accepted changes stay while they are used."""
    code = code_of_run(results, run, reads)
    kept = {} if code == reads.code else {ACCEPTED: _record(results, run)[ACCEPTED]}
    return {"code": code, **kept}


def _record(results: Path, run: Run) -> dict[str, Any]:
    try:
        return read_record(results / "runs" / run.id / "run.json", code=str)
    except UserError:  # it is not trained, or before runs said their code
        return {}


def accepted_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The accepted changes that a record holds."""
    entries = record.get(ACCEPTED, [])
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
