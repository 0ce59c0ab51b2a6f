"""Documentation, papers and published results tell the same numbers of claims: they are generated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.claims.overview import BEGIN, END, PAGE, block, papers, with_block
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params


@pytest.fixture(scope="module")
def demo() -> Params:
    return parse(read_yaml(repository() / "params.yaml"))


def test_the_page_is_as_generated(demo: Params) -> None:
    text = (repository() / PAGE).read_text(encoding="utf-8")
    written = block(demo, repository() / "results-published" / "demo")
    assert with_block(text, written) == text, f"run `reprosep readme` and commit {PAGE}"


def test_it_counts_what_the_papers_list(demo: Params, tmp_path: Path) -> None:
    lines = block(demo, tmp_path).splitlines()
    for name in papers():
        paper = load_paper(name)
        (line,) = (line for line in lines if line.startswith(f"| {paper.short} |"))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[1] == str(len(paper.claims)) and cells[3] == str(len(paper.questions))
        numbers = [int(part.split()[0]) for part in cells[2].split(", ") if part]
        assert sum(numbers) == len(paper.claims)


def test_published_verdicts_are_counted(demo: Params, tmp_path: Path) -> None:
    rows = [("a", "the paper", "holds"), ("b", "the paper", "undecided"), ("c", "us", "depends on the frames")]
    table = pd.DataFrame(rows, columns=["claim", "asked_by", "verdict"]).assign(target="all", seeds=3)
    (tmp_path / "iass").mkdir()
    table.to_csv(tmp_path / "iass" / "claims.csv", index=False)
    told = block(demo, tmp_path)
    assert "with 3 trainings each: of 2 claims 1 holds, 1 is undecided; of 1 questions 1 depends on the frames." in told


def test_a_page_without_its_place() -> None:
    with pytest.raises(UserError, match=r"docs/papers/claims\.md: expected the lines"):
        with_block("nothing", "x")
    assert with_block(f"a\n{BEGIN}\nold\n{END}\nb", f"{BEGIN}\nnew\n{END}") == f"a\n{BEGIN}\nnew\n{END}\nb"
