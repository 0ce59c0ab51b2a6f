"""Changes of code that do not concern finished runs: a user says so, with a reason, and ``run.json`` keeps it.

A training whose code has changed is made again. Where the change does not concern it, `reprosep accept` records that:
the digest of the new code stands for that of the code which it was trained with, until the code changes again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reprosep.experiments.reads import Reads
from reprosep.papers.run import Run

ACCEPTED = "accepted"  # key of run.json: a list of {code, reason, date, commit}


def code_of_run(results: Path, run: Run, reads: Reads) -> str:
    """The code of a training: that of today, or where that was accepted for a finished run the one that trained it."""
    record = _record(results, run)
    accepted = {entry.get("code") for entry in record.get(ACCEPTED, [])}
    return str(record["code"]) if reads.code in accepted and "code" in record else reads.code


def origin_of_code(results: Path, run: Run, reads: Reads) -> dict[str, Any]:
    """What ``run.json`` of a training that ends now says of its code: the accepted changes stay while they are used."""
    code = code_of_run(results, run, reads)
    kept = {} if code == reads.code else {ACCEPTED: _record(results, run)[ACCEPTED]}
    return {"code": code, **kept}


def _record(results: Path, run: Run) -> dict[str, Any]:
    try:
        content = json.loads((results / "runs" / run.id / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
