"""The folders of the package stand in an order, and each imports only from those before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from reprosep.base.project import repository

ORDER = (
    "base",
    "params",
    "metrics",
    "audio",
    "papers",
    "synthesis",
    "corpora",
    "activity",
    "mixtures",
    "models",
    "weights",
    "training",
    "separation",
    "scores",
    "experiments",
    "results",
    "claims",
    "dag",
    "report",
    "jobs",
    "tools",
    "cli",
)
APART = ("installation",)  # runs before anything is installed
SOURCES = repository() / "src" / "reprosep"
FOLDERS = sorted(path.name for path in SOURCES.iterdir() if path.is_dir() and path.name != "__pycache__")


def imported(path: Path) -> set[str]:
    """The folders of the package that a file imports from, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    parts = (name.split(".") for name in names)
    return {part[1] for part in parts if part[0] == "reprosep" and len(part) > 1}


def test_every_folder_has_its_place() -> None:
    assert sorted([*ORDER, *APART]) == FOLDERS


def test_no_module_lies_loose() -> None:
    assert [path.name for path in SOURCES.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_imports_only_from_those_before_it(folder: str) -> None:
    allowed = {*ORDER[: ORDER.index(folder) + 1]}
    wrong = {
        f"{path.relative_to(SOURCES)} imports {other}"
        for path in (SOURCES / folder).rglob("*.py")
        for other in imported(path) - allowed
    }
    assert not wrong


def test_metrics_need_nothing_of_the_rest() -> None:
    for path in (SOURCES / "metrics").rglob("*.py"):
        assert imported(path) <= {"metrics", "base"}, path


def test_installation_needs_errors_alone() -> None:
    for path in (SOURCES / "installation").rglob("*.py"):
        assert imported(path) <= {"installation", "base"}, path


def test_test_files_have_names_of_their_own() -> None:
    """pytest imports them by their names alone, and cannot collect two of one name."""
    every = [
        p for p in (repository() / "tests").rglob("test_*.py") if p.parent.name not in ("distributed", "slurm", "life")
    ]
    names = [path.name for path in every]
    assert sorted({name for name in names if names.count(name) > 1}) == []
