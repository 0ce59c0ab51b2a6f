"""`snakemake --report` of a finished run: every table, figure and claim with caption and category."""

from __future__ import annotations

import re

import pytest
from project import SCALE, finished_smoke, snakemake

from reprosep.papers.loading import load_paper


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    smoke = finished_smoke(tmp_path_factory, worker_id)
    path = tmp_path_factory.mktemp("report") / "page.html"
    answer = snakemake(smoke, "--configfile", SCALE, "--report", str(path))
    assert answer.returncode == 0, answer.stdout
    return path.read_text()


def test_every_part_of_the_paper_is_shown(page: str) -> None:
    paper = load_paper("iass")
    for name in [*paper.tables, *paper.figures]:
        assert re.search(rf'"part": ?"{name.replace("-", " ").capitalize()}"', page), name
    for name in ("claims.csv", "calibration.csv", "table-2-common-frames.csv", "figure-3.svg"):
        assert f"papers/iass/{name}" in page


def test_files_are_in_categories_of_paper_and_kind(page: str) -> None:
    assert '"IASS"' in page
    assert all(f'"{kind}"' in page for kind in ("Tables", "Figures", "Claims", "Calibration"))


def test_captions_are_there(page: str) -> None:
    assert "Rows that need no training" in page
    assert "Every table has the published value beside the reproduced one" in page
    assert "System Message" not in page and "system-message" not in page
