"""CITATION.cff and Zenodo's metadata: every reproduced paper is in them as it is in workflow/papers, and they agree."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

import reprosep
from reprosep.base.project import repository
from reprosep.papers.loading import load_paper

EVERY = sorted(path.stem for path in (repository() / "workflow/papers").glob("*.yaml"))
PAPERS = [name for name in EVERY if not load_paper(name).own]  # those that somebody published
OPEN_UNMIX = "Open-Unmix - A Reference Implementation for Music Source Separation"


def citation() -> dict[str, Any]:
    read = yaml.safe_load((repository() / "CITATION.cff").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def zenodo() -> dict[str, Any]:
    return dict(json.loads((repository() / ".zenodo.json").read_text(encoding="utf-8")))


def references() -> dict[str, dict[str, Any]]:
    return {one["title"]: one for one in citation()["references"]}


def listed(authors: list[dict[str, str]]) -> str:
    names = [f"{one['given-names']} {one['family-names']}" for one in authors]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


@pytest.mark.parametrize("name", PAPERS)
def test_every_paper_is_cited_with_its_title_authors_and_year(name: str) -> None:
    paper = load_paper(name)
    assert paper.title in references(), name
    cited = references()[paper.title]
    assert listed(cited["authors"]) == paper.authors
    year = re.search(r"\b(19|20)\d\d$", paper.venue)
    assert year and cited["year"] == int(year[0])
    assert any(paper.title in one and year[0] in one for one in zenodo()["references"]), name


def test_the_network_that_the_papers_build_on_is_cited() -> None:
    assert references()[OPEN_UNMIX]["year"] == 2019 and references()[OPEN_UNMIX]["doi"] == "10.21105/joss.01667"
    assert len(references()) == len(PAPERS) + 1


def test_citation_has_what_the_format_asks_for() -> None:
    content = citation()
    assert content["cff-version"] == "1.2.0" and {"title", "message", "authors"} <= set(content)
    assert content["version"] == reprosep.__version__ == zenodo()["version"]
    assert content["license"] == zenodo()["license"] == "MIT"
    assert "MIT License" in (repository() / "LICENSE").read_text(encoding="utf-8")
    for one in references().values():
        assert one["type"] in ("conference-paper", "article") and one["authors"] and isinstance(one["year"], int)
        assert set(one) <= {"type", "title", "authors", "collection-title", "journal", "year", "doi"}
        assert "doi" not in one or re.fullmatch(r"10\.\d{4,9}/\S+", one["doi"])


def test_zenodo_tells_the_same_as_the_citation() -> None:
    content = zenodo()
    assert content["title"] == citation()["title"] and content["keywords"] == citation()["keywords"]
    assert [one["name"] for one in content["creators"]] == [one["name"] for one in citation()["authors"]]
    dois = {one["doi"] for one in references().values() if "doi" in one}
    assert {one["identifier"] for one in content["related_identifiers"]} == dois
    assert content["upload_type"] == "software" and content["access_right"] == "open"


def test_cffconvert_takes_the_citation() -> None:
    if importlib.util.find_spec("cffconvert") is None:
        pytest.skip("cffconvert is not installed (pip install cffconvert)")
    command = [sys.executable, "-c", "from cffconvert.cli.cli import cli; cli()"]
    command += ["--validate", "-i", str(repository() / "CITATION.cff")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0 and "valid" in answer.stdout, answer.stdout + answer.stderr
