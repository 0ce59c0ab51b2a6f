"""Papers of our own: nothing is printed, statements are questions, and the seeds are the paper's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.dag.plan import Plan
from reprosep.experiments.gates import gating_run
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.seeds import seeds_of
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.report.parameters import record_of


def params(**change: Any) -> Params:
    return parse(merge(read_yaml(repository() / "params.yaml"), change))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Paper]:
    """Loads the own paper with other keys; `...` takes one away."""

    def load(name: str = "beyond", **change: Any) -> Paper:
        content = {**read_yaml(repository() / "workflow" / "papers" / f"{name}.yaml"), **change}
        folder = tmp_path / "workflow" / "papers"
        folder.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in content.items() if value is not ...}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(kept, allow_unicode=True))
        monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
        return load_paper(name)

    return load


def test_tables_without_printed_numbers_are_blank() -> None:
    for table in load_paper("beyond").tables.values():
        assert not table.is_printed
        assert table.published == [[None] * len(table.columns)] * len(table.rows)


def test_its_statements_are_questions(loaded: Callable[..., Paper]) -> None:
    questions = read_yaml(repository() / "workflow/papers/beyond.yaml")["questions"]
    quoted = [{**questions[0], "quote": "better"}]
    with pytest.raises(UserError, match=rf"beyond.yaml: claims: '{quoted[0]['id']}' in a paper of our own, which quo"):
        loaded(claims=quoted, questions=[])


def test_it_has_no_printed_numbers(loaded: Callable[..., Paper]) -> None:
    tables = read_yaml(repository() / "workflow/papers/beyond.yaml")["tables"]
    name, table = next(iter(tables.items()))
    printed = [[1.0] * len(table["columns"])] * len(table["rows"])
    with pytest.raises(UserError, match=rf"beyond.yaml: tables.{name}.published: numbers in a paper of our own"):
        loaded(tables={**tables, name: {**table, "published": printed}})


def test_somebody_published_the_others(loaded: Callable[..., Paper]) -> None:
    with pytest.raises(UserError, match=r"beyond.yaml: venue: given in a paper of our own, which nobody published"):
        loaded(venue="ISMIR 2020")
    with pytest.raises(UserError, match=r"iass.yaml: authors: missing; write who published the paper, and where, or"):
        loaded("iass", authors=...)


@pytest.mark.parametrize(
    ("scale", "wanted", "found"),
    [
        ([42], None, [42]),
        ([42], 3, [42, 43, 44]),
        ([7, 3], 3, [7, 3, 8]),
        ([1, 2, 3, 4], 3, [1, 2, 3]),
        ([1, 2], None, [1, 2]),
    ],
)
def test_seeds_are_the_scales_first_and_then_more(scale: list[int], wanted: int | None, found: list[int]) -> None:
    paper = load_paper("beyond").model_copy(update={"seeds": wanted})
    assert seeds_of(params(seeds=scale), paper) == found


def test_only_its_own_runs_have_its_seeds() -> None:
    both = params(papers=["iass", "beyond"])
    assert {run.seed for run in needed_runs(both, load_paper("iass"))} == {42, None}
    own = needed_runs(both, load_paper("beyond"))
    assert {run.seed for run in own if run.seed is not None} == {42, 43, 44}
    assert record_of(both, "beyond", load_paper("beyond"))["seeds"] == [42, 43, 44]
    assert record_of(both, "iass", load_paper("iass"))["seeds"] == [42]


def test_a_training_that_two_papers_have_is_one_run() -> None:
    alone, both = (Plan(params(papers=papers)) for papers in (["iass"], ["iass", "beyond"]))
    assert set(alone.trained) < set(both.trained)
    assert "mm_vocals_iass_s42" in alone.trained and "mm_vocals_iass_s43" in both.trained


def test_a_question_may_need_as_many_seeds_as_there_are(loaded: Callable[..., Paper]) -> None:
    from reprosep.papers.claim_checks import check_seeds

    check_seeds(params(), [("beyond", load_paper("beyond"))])
    with pytest.raises(UserError, match=r"beyond.yaml: seeds: 2 \(42, 43\), but '.*' of the paper 'beyond' needs 3"):
        check_seeds(params(), [("beyond", loaded(seeds=2))])


def test_detectors_gate_the_seeds_that_they_have() -> None:
    beside, system = params(papers=["iass", "activity", "beyond"]), load_paper("beyond").systems["iass"]
    gates = [gating_run(beside, "mm", system, seed) for seed in (42, 43)]
    assert gates[0] is not None and gates[0].seed == 42 and gates[1] is None
