"""`reprosep report SCALE` beside the plan of Snakemake: of a finished scale, one that lacks files, one out of date."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from project import finished_smoke, python_of, run_in

RESULTS = Path("results/smoke")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return finished_smoke(tmp_path_factory, worker_id)


@pytest.fixture
def project(smoke: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, its dates kept."""
    copy = tmp_path / "project"
    shutil.copytree(smoke, copy, symlinks=True, ignore=shutil.ignore_patterns(".venv"), copy_function=shutil.copy2)
    return copy


def report(project: Path, *options: str) -> tuple[str, str]:
    """What `reprosep report smoke` prints last, and the page."""
    command = [str(python_of(project)), "-m", "reprosep.cli", "report", "smoke", *options]
    answer = run_in(project, command)
    assert answer.returncode == 0, answer.stdout
    written = answer.stdout.splitlines()[-1]
    return written, (project / written).read_text(encoding="utf-8")


def test_the_page_follows_the_plan(project: Path) -> None:
    written, page = report(project)
    assert written == str(RESULTS / "report.html") and "Unfinished" not in page

    (project / RESULTS / "papers/iass/table-1.csv").unlink()
    (project / RESULTS / "papers/iass/claims.csv").unlink()
    written, page = report(project)
    assert written == str(RESULTS / "report-unfinished.html")
    assert "Next is tables of IASS: table-1" in page and "Its claims are not judged yet." in page

    (project / "change.yaml").write_text("scoring: {window_seconds: 0.5, hop_seconds: 0.5}\n")
    _, page = report(project, "--configfile", "change.yaml")
    assert page.count("<strong>Out of date:</strong>") > 5 and "Next is scores: " in page
    assert not list((project / RESULTS).glob(".report*"))
