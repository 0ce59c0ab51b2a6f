"""The report of a scale that may be unfinished: of what is there, with what is missing or out of date said first."""

from __future__ import annotations

from pathlib import Path

from reprosep.dag.progress import progress_of
from reprosep.report.page import write_report

FINISHED, UNFINISHED = "report.html", "report-unfinished.html"  # the workflow makes the first one


def write_current_report(scale: str, config_files: list[Path]) -> Path:
    """Write the report of what is there of a scale; the file.

    While something is missing or out of date it is a page of its own, which says so: ``report.html`` is the workflow's,
    and of finished results alone.

    Raises
    ------
    UserError
        When nothing of the scale is there, or something that is shown is foreign.
    """
    progress = progress_of(scale, config_files)
    plan = progress.plan
    unfinished = plan.results / UNFINISHED
    if progress.is_finished:
        write_report(plan.params, plan.papers, plan.results, plan.results / FINISHED)
        unfinished.unlink(missing_ok=True)
        return plan.results / FINISHED
    write_report(plan.params, plan.papers, plan.results, unfinished, progress)
    return unfinished
