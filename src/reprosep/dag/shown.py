"""What Snakemake's own report (``snakemake --report``) says of the files of a paper."""

from __future__ import annotations

from pathlib import Path

from reprosep.papers.content import Paper
from reprosep.results.reads import COMMON_FRAMES

_SHOWN = (".csv", ".svg")  # of a figure's two pictures one, and no file that is for programs
_OTHERS = {
    "claims": "Claims and questions with their verdicts",
    "calibration": "Oracles beside the published values",
}


def is_shown(file: Path) -> bool:
    """Whether a report shows a file."""
    return file.suffix in _SHOWN


def labels(paper: Paper, file: Path) -> dict[str, str]:
    """The columns of a file's line in the report: which part of the paper, what it is, and what the file holds."""
    name = file.stem.removesuffix(COMMON_FRAMES)
    part = paper.tables.get(name) or paper.figures.get(name)
    return {
        "part": name.replace("-", " ").capitalize(),
        "content": " ".join(part.caption.split()) if part else _OTHERS[name],
        "file": _holds(paper, file),
    }


def _holds(paper: Paper, file: Path) -> str:
    if file.stem.endswith(COMMON_FRAMES):
        return "on common frames"
    if file.stem in paper.tables:
        return "as in the paper"  # the first in the alphabet is shown first
    return "picture" if file.suffix == ".svg" else "values"
