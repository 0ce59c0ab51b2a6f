"""Snakemake's report: captions that docutils takes, for every paper, and labels of every file."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts

from reprosep.base.project import repository
from reprosep.dag.plan import Plan
from reprosep.dag.reproduce import scale_params
from reprosep.dag.shown import is_shown, labels

FOLDER = repository() / "workflow/report"
PAPERS = sorted(path.stem for path in (repository() / "workflow/papers").glob("*.yaml"))


@pytest.fixture(scope="module")
def plan() -> Plan:
    params = scale_params("smoke", [])
    return Plan(params.model_copy(update={"papers": PAPERS}))


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository())


def rendered(text: str, **snakemake: object) -> str:
    """The caption as HTML; fails where docutils has something to say."""
    filled = jinja2.Template(text).render(snakemake=SimpleNamespace(**snakemake))
    told = io.StringIO()
    settings = {"warning_stream": told, "report_level": 2}
    html = publish_parts(filled, writer_name="html", settings_overrides=settings)["body"]
    assert told.getvalue() == ""
    return html


@pytest.mark.parametrize("step", ["tables", "figures", "claims", "calibration"])
@pytest.mark.parametrize("paper", PAPERS)
def test_a_caption_names_every_part(plan: Plan, paper: str, step: str) -> None:
    parts = plan.paper_parts(step, paper)
    html = rendered((FOLDER / f"{step}.rst").read_text(), params=SimpleNamespace(parts=parts))
    named = parts["claims"] if step == "claims" else parts.get(step, {}) if step != "calibration" else {}
    assert html.count("<li>") == len(named)


def test_the_report_begins_with_what_it_is_of() -> None:
    assert "reproduced" in rendered((FOLDER / "workflow.rst").read_text())


@pytest.mark.parametrize("paper", PAPERS)
def test_every_file_has_labels_of_its_own(plan: Plan, paper: str) -> None:
    content = plan.papers[paper]
    files = [*plan.table_files(paper), *plan.figure_files(paper), plan.results / "papers" / paper / "claims.csv"]
    shown = [path for path in files if is_shown(path)]
    lines = [tuple(labels(content, path).values()) for path in shown]
    assert len(set(lines)) == len(lines) == len(files) - len(content.figures)  # of two pictures one
    assert all(all(line) for line in lines)


def test_labels_tell_part_content_and_file(plan: Plan) -> None:
    told = labels(plan.papers["iass"], Path("results/smoke/papers/iass/table-2-common-frames.csv"))
    assert told["part"] == "Table 2" and told["file"] == "on common frames"
    assert told["content"] == plan.papers["iass"].tables["table-2"].caption
