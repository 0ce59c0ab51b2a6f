"""A user says that a change of code does not concern finished trainings; ``run.json`` keeps it with the reason."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_record, write_json
from reprosep.base.provenance import commit
from reprosep.dag.plan import Plan
from reprosep.dag.versions.records import made_here
from reprosep.experiments.accepted import ACCEPTED, accepted_of, code_of_run, record_files


def accept(plan: Plan, names: Iterable[str], reason: str) -> list[str]:
    """Record that today's code gives the same trainings; returns the runs of which that was not so already.

    Parameters
    ----------
    names
        Ids of trained runs; none: all that are finished.

    Raises
    ------
    UserError
        On an empty reason, an unknown or unfinished run, or one that does not say which code trained it.
    """
    if not reason.strip():
        raise UserError("--reason: empty; say why the change does not concern the trainings, the report shows it")
    chosen = list(names) or [name for name in plan.trained if _file(plan, name).exists()]
    for name in chosen:
        _check(plan, name)
    changed = [name for name in chosen if plan.training_code([name]) != [_record(plan, name)["code"]]]
    for name in changed:
        _accept(plan, name, reason.strip())
    return changed


def _check(plan: Plan, name: str) -> None:
    if name not in plan.trained:
        raise UserError(f"'{name}' is no training of these parameters; `reprosep runs` lists the runs")
    record = _record(plan, name)
    if "code" not in record:
        raise UserError(
            f"{_file(plan, name)}: says not which code trained it (written by an older version of the project); "
            "train the run again"
        )


def _accept(plan: Plan, name: str, reason: str) -> None:
    path, record = _file(plan, name), _record(plan, name)
    hash_, _ = commit()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entry = {"code": plan.training_reads(name).code, "reason": reason, "date": today, "commit": hash_}
    accepted = {**record, ACCEPTED: [*accepted_of(record), entry]}
    for place in record_files(path.parent):
        if place.exists():
            write_json(place, accepted)
    made_here(path)
    assert code_of_run(plan.results, plan.run(name), plan.training_reads(name)) == record["code"]


def _file(plan: Plan, name: str) -> Path:
    return plan.results / "runs" / name / "run.json"


def _record(plan: Plan, name: str) -> dict[str, Any]:
    return read_record(_file(plan, name))
