"""The pages of results that are committed, as `reprosep publish` wrote them."""

from __future__ import annotations

import re
from pathlib import Path

_LINK_TO_A_FILE = re.compile(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)")


def published_results(root: Path) -> dict[tuple[str, str], Path]:
    """(paper, scale) -> the folder of results that are committed."""
    return {
        (path.parent.name, path.parent.parent.name): path.parent
        for path in sorted((root / "results-published").glob("*/*/README.md"))
    }


def results_page(folder: Path) -> str:
    """The page of committed results; files that the site does not hold are named, not linked."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return _LINK_TO_A_FILE.sub(r"\1", text)
