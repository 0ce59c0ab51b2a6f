"""Where the numbers come from: commits, versions, seeds, hardware and time of every run and step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.base.files import read_json
from reprosep.base.tables import read_csv
from reprosep.experiments.accepted import ACCEPTED
from reprosep.papers.content import Paper
from reprosep.papers.run import Run

_RUN_KEYS = ("run", "commit", "dirty", "versions", "seed", "hardware", "wall_seconds", "device_seconds", "epochs")
_BENCHMARK_COLUMNS = ("s", "max_rss")


def training_records(results: Path, runs: Iterable[tuple[Run, Paper]]) -> list[dict[str, Any]]:
    """The content of ``runs/<run>/run.json`` of every trained run, in the given order.

    Raises
    ------
    UserError
        When a file is missing, broken or lacks a key.
    """
    records = []
    for run, paper in runs:
        if not paper.systems[run.system].trained:
            continue
        path = results / "runs" / run.id / "run.json"
        record = read_json(path)
        for key in _RUN_KEYS:
            if not isinstance(record, dict) or key not in record:
                raise UserError(f"{path}: no key '{key}'; delete the folder {path.parent} and train the run again")
        records.append(record)
    return records


def summary(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything that the runs have in common or not: commits, versions, seeds, hardware; times in seconds."""
    return {
        "commits": _distinct(_commit(record) for record in records),
        "versions": _distinct(
            ", ".join(f"{name} {version}" for name, version in sorted(record["versions"].items())) for record in records
        ),
        "seeds": _distinct(str(record["seed"]) for record in records),
        "hardware": _distinct(_hardware(record["hardware"]) for record in records),
        "wall_seconds": sum(_seconds(record["wall_seconds"]) for record in records),
        "device_seconds": sum(_seconds(record["device_seconds"]) for record in records),
        "runs": len(records),
        "accepted": _accepted(records),
    }


def _accepted(records: list[dict[str, Any]]) -> list[str]:
    """Changes of code that were said not to concern finished trainings: reason, date, and how many."""
    entries = [(entry["date"], entry["reason"]) for record in records for entry in record.get(ACCEPTED, [])]
    return [f"{reason} ({date}, {count} of {len(records)} runs)" for (date, reason), count in Counter(entries).items()]


def _commit(record: dict[str, Any]) -> str:
    return f"{record['commit'] or 'no commit'}{' with uncommitted changes' if record['dirty'] else ''}"


def _hardware(hardware: dict[str, Any]) -> str:
    """One line of hardware without the name of the machine."""
    parts = [hardware.get("processor"), hardware.get("device")]
    if hardware.get("cores"):
        parts.append(f"{hardware['cores']} cores")
    if hardware.get("memory_gb"):
        parts.append(f"{float(hardware['memory_gb']):.0f} GB memory")
    return ", ".join(dict.fromkeys(str(part) for part in parts if part))


def _seconds(value: float | None) -> float:
    return float(value or 0)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def step_times(results: Path) -> list[dict[str, Any]]:
    """Jobs, summed seconds, longest job in seconds and highest memory in MB of every step, from the benchmark files."""
    steps = []
    for folder in sorted(path for path in (results / "benchmarks").glob("*") if path.is_dir()):
        jobs = pd.DataFrame([_benchmark(path) for path in sorted(folder.rglob("*.tsv"))])
        if len(jobs):
            longest = {"longest": jobs["s"].max(), "memory": jobs["max_rss"].max()}
            steps.append({"step": folder.name, "jobs": len(jobs), "seconds": jobs["s"].sum(), **longest})
    return sorted(steps, key=lambda step: -step["seconds"])


def _benchmark(path: Path) -> dict[str, float]:
    """Seconds and MB of one job, the mean over its repetitions; a very short job has no memory measured."""
    table = read_csv(path, "delete it and run the step again", sep="\t", na_values=["-", "NA"])
    for column in _BENCHMARK_COLUMNS:
        if column not in table.columns:
            raise UserError(f"{path}: no column '{column}'; delete the file and run the step again")
    return {column: float(pd.to_numeric(table[column]).mean()) for column in _BENCHMARK_COLUMNS}
