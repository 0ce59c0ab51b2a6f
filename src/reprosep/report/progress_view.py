"""How far a scale is, as plain values for the report's template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reprosep.dag.progress import MISSING, OUT_OF_DATE, THERE, Progress

State = Callable[[Path], str]
"""Of a file of the results: there, missing or out of date."""


def finished(path: Path) -> str:
    """The state of every file of finished results; one that is missing all the same is told by whoever reads it."""
    return THERE


def progress_view(progress: Progress) -> dict[str, Any]:
    """A row per step with counts, what is to be computed by name, and what comes next."""
    papers = progress.plan.papers
    return {
        "next": progress.next,
        "scale": progress.plan.params.scale,
        "steps": [
            {
                "name": f"{papers[step.of].short}: {step.name}" if step.of else step.name.capitalize(),
                "there": step.count(THERE),
                "wanted": len(step.states),
                "missing": step.count(MISSING),
                "out_of_date": step.count(OUT_OF_DATE),
                "begun": len(step.begun),
                "to_do": step.to_do,
            }
            for step in progress.steps
        ],
    }
