"""The sections of a day one after the other: each in a process and a time of its own, and each at most once.

A section that fails, crashes or hangs is recorded as such, and the next one runs. What is finished is skipped when the
same command is given again.
"""

from __future__ import annotations

import faulthandler
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring.children import child, end, how_it_ended
from measuring.findings import DONE, FAILED, LEFT_OUT, OUT_OF_TIME, RUNNING, Findings
from measuring.section import Section
from measuring.settings import Day
from reprosep.base.errors import UserError
from reprosep.base.files import read_json, write_json
from reprosep.base.provenance import commit

_LEAST = 5.0  # seconds in which no section is begun
_DIGITS = 10  # of a commit
_LOOK = 1.0  # seconds before its time is over, when a section's place in the code is written down


def run_day(day: Day, sections: Sequence[Section], folder: Path, stamp: dict[str, Any], minutes: float) -> None:
    """Run what is not finished; `stamp` says on what it is measured.

    Raises
    ------
    UserError
        When the folder has the results of another device or of other sizes.
    """
    files = [(section, folder / f"{section.name}.json") for section in sections]
    waiting = [(section, file) for section, file in files if not _is_finished(file, stamp)]
    if len(files) > len(waiting):
        print(f"{len(files) - len(waiting)} of {len(files)} sections are finished in {folder}", flush=True)
    start, expected = time.monotonic(), 0.0
    for number, (section, file) in enumerate(waiting, 1):
        elapsed = time.monotonic() - start
        left = 60 * minutes - elapsed
        ahead = sum(other.seconds for other, _ in waiting[number - 1 :])
        pace = elapsed / expected if expected else 1.0
        print(
            f"{number}/{len(waiting)} {section.title}: {elapsed:.0f} s elapsed, about {min(pace * ahead, left):.0f} s "
            f"left, {max(left, 0):.0f} s at most",
            flush=True,
        )
        _run(day, section, file, {**_head(section), "stamp": stamp}, left)
        expected += section.seconds


def records(folder: Path, order: Sequence[str]) -> list[dict[str, Any]]:
    """What there is of a day, in order."""
    files = [folder / f"{name}.json" for name in order]
    return [read_json(file) for file in files if file.exists()]


def _is_finished(file: Path, stamp: dict[str, Any]) -> bool:
    if not file.exists():
        return False
    record = read_json(file)
    if record.get("stamp") != stamp:
        raise UserError(
            f"{file}: measured on {record.get('stamp')}, this is {stamp}; name another folder with --output"
        )
    return bool(record["status"] == DONE)


def _head(section: Section) -> dict[str, Any]:
    code = commit()[0][:_DIGITS]  # a section that is mended and run again is of another than those before it
    return {"section": section.name, "title": section.title, "about": section.about, "commit": code}


def _run(day: Day, section: Section, file: Path, head: dict[str, Any], left: float) -> None:
    """One section in a process of its own, killed when its time is over."""
    if left < _LEAST:
        Findings(file, head).finish(status=LEFT_OUT, seconds=0.0, why="the day's time was over")
        return
    allowed, start = min(day.patience * section.seconds, left), time.monotonic()
    where = file.with_suffix(".stack")
    process = child(_measure, day, section, file, head, where, max(allowed - _LOOK, 0.1))
    try:
        process.join(allowed)
        was_stopped = process.is_alive()
    finally:
        end(process)
    record = read_json(file) if file.exists() else Findings(file, head).record
    if record["status"] == RUNNING:
        ending = {"status": OUT_OF_TIME, "why": f"stopped after {allowed:.0f} s", "traceback": _text(where)}
        if not was_stopped:
            ending = {"status": FAILED, "why": f"its process {how_it_ended(process)}", "traceback": _text(where)}
        record |= ending
    where.unlink(missing_ok=True)
    write_json(file, {**record, "seconds": round(time.monotonic() - start, 1)})
    if record["status"] != DONE:
        print(f"  {record['status']}: {record['why']}", file=sys.stderr, flush=True)


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _measure(day: Day, section: Section, file: Path, head: dict[str, Any], where: Path, seconds: float) -> None:
    """The section, in its process; where it is after so many seconds, or when it crashes, is written to a file."""
    findings = Findings(file, head)
    with where.open("w") as stack:
        faulthandler.enable(stack)
        faulthandler.dump_traceback_later(seconds, file=stack)
        try:
            section.measure(day, findings)
        except Exception as error:
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            findings.finish(status=FAILED, why=why, traceback=traceback.format_exc())
        else:
            findings.finish(status=DONE)
        faulthandler.cancel_dump_traceback_later()
