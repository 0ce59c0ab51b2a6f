"""The names of targets as people read them."""

from __future__ import annotations

import pytest

from reprosep.base.project import read_yaml, repository
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.results.target_names import readable, with_label

PAPERS = ["iass", "munet", "slakh", "activity"]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("acoustic-guitar", "Acoustic guitar"),
        ("vocals+piano", "Vocals and piano"),
        ("bass+drums+piano", "Bass, drums and piano"),
        ("hurdy-gurdy", "Hurdy gurdy"),  # of somebody's own recordings
        ("instruments", "All instruments"),
    ],
)
def test_names(target: str, name: str) -> None:
    assert readable(target) == name


def test_a_papers_label_stands_beside_only_where_it_differs() -> None:
    assert with_label("acoustic-guitar", "Acgtr") == ("Acoustic guitar", "Acgtr")
    assert with_label("vocals", "Vocals") == ("Vocals", "")
    assert with_label(None, "Acgtr") == ("Acgtr", "")


def test_no_paper_shortens_a_target_unseen() -> None:
    """Every row and column that binds a target shows its full name, whatever the paper calls it."""
    known = {
        target
        for corpus in parse(read_yaml(repository() / "params.yaml")).corpora.values()
        for target in corpus.targets
    }
    for paper in map(load_paper, PAPERS):
        for table in paper.tables.values():
            for entry in [*table.rows, *table.columns]:
                if entry.target in known:
                    assert with_label(entry.target, entry.label)[0] == readable(entry.target or "")
