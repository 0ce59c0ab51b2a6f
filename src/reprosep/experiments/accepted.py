"""Changes of code that do not concern finished runs: a user says so, with a reason, and ``run.json`` keeps it.

A training whose code has changed is made again. Where the change does not concern it, `reprosep accept` records that:
the digest of the new code stands for that of the code which it was trained with, until the code changes again.

A copy of ``run.json`` lies beside the checkpoint: Snakemake removes the outputs of a job before it starts, and a
training that is finished by then is recorded as it was when it ended.
"""

from __future__ import annotations

import contextlib
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
    record = record_of(results, run)
    accepted = [entry.get("code") for entry in accepted_of(record)]
    return str(record["code"]) if reads.code in accepted else reads.code


def origin_of_code(results: Path, run: Run, reads: Reads) -> dict[str, Any]:
    """What ``run.json`` of a training that ends now says of its code: the accepted changes stay while they are used."""
    code = code_of_run(results, run, reads)
    kept = {} if code == reads.code else {ACCEPTED: record_of(results, run)[ACCEPTED]}
    return {"code": code, **kept}


def record_files(folder: Path) -> list[Path]:
    """Where the record of the run in a folder is, and its copy."""
    return [folder / "run.json", folder / "checkpoint" / "run.json"]


def record_of(results: Path, run: Run) -> dict[str, Any]:
    """The record of a finished training; {} of one that is not, and of those from before runs said their code."""
    for path in record_files(results / "runs" / run.id):
        with contextlib.suppress(UserError):
            return read_record(path, code=str)
    return {}


def accepted_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The accepted changes that a record holds."""
    entries = record.get(ACCEPTED, [])
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
