"""The kinds of figures and tables: all are known to those who plan and to those who make; planning draws nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reprosep.papers.kinds import FIGURE_KINDS, TABLE_KINDS
from reprosep.papers.loading import load_paper
from reprosep.results.figure_kinds import FIGURES
from reprosep.results.reads import figures_made, filled, tables_made
from reprosep.results.table_kinds import TABLES

PLANNING = ("reprosep.results.reads", "reprosep.claims.reads", "reprosep.papers.loading")
HEAVY = ("matplotlib", "pandas", "scipy", "torch")


def test_every_kind_is_planned_and_made() -> None:
    assert list(FIGURE_KINDS) == list(FIGURES)
    assert list(TABLE_KINDS) == list(TABLES)


@pytest.mark.parametrize("module", PLANNING)
def test_planning_imports_nothing_heavy(module: str) -> None:
    asked = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_files_of_a_paper() -> None:
    paper = load_paper("slakh")
    assert tables_made(paper) == [*paper.tables, "table-2-common-frames", "table-3-common-frames"]
    pictures = ["figure-1.svg", "figure-1.png", "figure-2.svg", "figure-2.png"]
    assert figures_made(paper) == [*pictures, "figure-1.csv", "figure-2.csv"]
    assert "figure-3.csv" not in figures_made(load_paper("iass"))  # spectrograms have no rows


def test_a_place_is_filled_with_all_that_stands_for_it() -> None:
    places = {"corpus": ["mm", "musdb", "mm"], "paper": ["iass"], "run": []}
    patterns = ["{corpus}/catalog.parquet", "papers/{paper}/listen/index.json", "scores/{run.id}.parquet"]
    assert filled(patterns, places) == [
        "mm/catalog.parquet",
        "musdb/catalog.parquet",
        "papers/iass/listen/index.json",
    ]
