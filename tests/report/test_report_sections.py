"""What the report shows of tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprosep.base.project import read_yaml, repository
from reprosep.experiments.cells import table_cells
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import merge
from reprosep.report.sections import _span, table_view
from reprosep.results.tidy import TIDY, write_tidy

PAPERS = ["iass", "munet", "slakh", "activity"]


@pytest.mark.parametrize("papers", [["iass"], PAPERS])
def test_every_row_is_below_its_own_label(papers: list[str], tmp_path: Path) -> None:
    params = parse(merge(read_yaml(repository() / "params.yaml"), {"papers": papers}))
    paper = load_paper("iass")
    table = paper.tables["table-4"]
    written = [
        dict(zip(TIDY, (c.row, c.column, c.metric, c.published, 1.0, 0.5, 1.5, 8, "x"), strict=True))
        for c in table_cells(params, paper, table)
    ]
    for name in ("table-4.csv", "table-4-common-frames.csv"):
        write_tidy(tmp_path / name, written)
    rows = table_view(params, paper, "table-4", tmp_path)["rows"]
    assert len(rows) == len({row["row"] for row in written})
    place = 0
    while place < len(rows):
        span = rows[place]["span"]
        group = rows[place : place + span]
        assert {row["label"] for row in group} == {rows[place]["label"]}
        assert [row["span"] for row in group[1:]] == [0] * (span - 1)
        place += span
    assert place == len(rows)
    labels = [row["label"] for row in rows if row["span"]]
    assert len(labels) == len(set(labels))  # the rows of a target stand together


def test_rows_of_a_label_that_stand_apart_are_groups_of_their_own() -> None:
    rows = [{"label": label} for label in ("Vocals", "Vocals", "Bass", "Vocals")]
    _span(rows)
    assert [row["span"] for row in rows] == [2, 0, 1, 1]
