"""Changes of code that do not concern finished trainings: accepted with a reason, and nothing is trained again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Answer, Line
from reprosep.base.errors import UserError
from reprosep.dag.accept import accept
from reprosep.dag.plan import Plan
from reprosep.dag.reproduce import older_results
from reprosep.experiments.reads import Reads
from reprosep.jobs.training import recipe_of
from reprosep.report.provenance_table import summary

IASS = "mm_vocals_iass_s42"


@pytest.fixture
def finished(linked: Callable[..., Line], trained: Line) -> Line:
    """A finished training in a folder of one's own."""
    made = linked({})
    (made.results / "runs" / IASS).mkdir(parents=True)
    for path in (trained.results / "runs" / IASS).glob("*.*"):
        if path.is_file():
            (made.results / "runs" / IASS / path.name).write_bytes(path.read_bytes())
    return made


def record(line: Line) -> dict[str, object]:
    return dict(json.loads((line.results / "runs" / IASS / "run.json").read_text()))


def plan(line: Line) -> Plan:
    return Plan(line.params)


def test_a_run_says_which_code_trained_it(finished: Line) -> None:
    assert record(finished)["code"] == plan(finished).training_reads(IASS).code


def test_an_accepted_change_trains_nothing_again(finished: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan(finished)
    before, recipe = made.training_code([IASS]), recipe_of(finished.params, *made.runs[IASS], finished.results)
    monkeypatch.setattr(Reads, "code", "changed")
    assert plan(finished).training_code([IASS]) == ["changed"]
    assert recipe_of(finished.params, *made.runs[IASS], finished.results) != recipe
    assert accept(plan(finished), [], "a name alone") == [IASS]
    assert plan(finished).training_code([IASS]) == before
    assert recipe_of(finished.params, *made.runs[IASS], finished.results) == recipe
    (entry,) = record(finished)["accepted"]  # type: ignore[misc]
    assert entry["code"] == "changed" and entry["reason"] == "a name alone" and {"date", "commit"} <= set(entry)
    assert accept(plan(finished), [IASS], "again") == []
    monkeypatch.setattr(Reads, "code", "changed again")
    assert plan(finished).training_code([IASS]) == ["changed again"]


def test_a_finished_training_that_a_job_takes_up_again_is_recorded_as_it_was(finished: Line, trained: Line) -> None:
    """A job of several trainings runs where one is new; Snakemake has removed the files of all before."""
    folder = finished.results / "runs" / IASS
    shutil.copytree(trained.results / "runs" / IASS / "checkpoint", folder / "checkpoint")
    before = (folder / "run.json").read_bytes()
    for name in ("run.json", "epochs.csv", "best.safetensors"):
        (folder / name).unlink()
    finished.step("train", [IASS])
    assert (folder / "run.json").read_bytes() == before


def test_an_accepted_change_outlives_the_removal_of_the_outputs(
    finished: Line, trained: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = finished.results / "runs" / IASS
    shutil.copytree(trained.results / "runs" / IASS / "checkpoint", folder / "checkpoint")
    made = plan(finished)
    recipe = recipe_of(finished.params, *made.runs[IASS], finished.results)
    monkeypatch.setattr(Reads, "code", "changed")
    accept(plan(finished), [IASS], "a name alone")
    (folder / "run.json").unlink()
    assert recipe_of(finished.params, *made.runs[IASS], finished.results) == recipe


def test_the_report_shows_the_reason(finished: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reads, "code", "changed")
    accept(plan(finished), [IASS], "a name alone")
    (line,) = summary([record(finished)])["accepted"]
    assert line.startswith("a name alone (") and line.endswith("1 of 1 runs)")


@pytest.mark.parametrize(
    ("names", "reason", "told"),
    [
        ([IASS], " ", "--reason: empty; say why"),
        (["mm_vocals_ibm"], "x", "'mm_vocals_ibm' is no training of these parameters"),
        (["mm_bass_iass_s42"], "x", "run.json: no such file"),
    ],
)
def test_what_cannot_be_accepted(finished: Line, names: list[str], reason: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        accept(plan(finished), names, reason)
    assert told in str(caught.value)


def test_a_run_of_an_older_version_cannot_say_it(finished: Line) -> None:
    path = finished.results / "runs" / IASS / "run.json"
    path.write_text(json.dumps({key: value for key, value in record(finished).items() if key != "code"}))
    with pytest.raises(UserError, match="says not which code trained it"):
        accept(plan(finished), [IASS], "x")


def test_older_results_are_told_in_one_sentence(finished: Line) -> None:
    assert older_results(finished.params) == ""
    path = finished.results / "runs" / IASS / "run.json"
    path.write_text(json.dumps({key: value for key, value in record(finished).items() if key != "code"}))
    sentence = older_results(finished.params)
    assert sentence.startswith("results/smoke: 1 of 1 trainings are of an older version") and "\n" not in sentence


def test_the_verb(finished: Line, reprosep: Callable[..., Answer], tmp_path: Path) -> None:
    answer = reprosep("accept", "--reason", "x")
    assert answer.status == 0 and "nothing to accept" in answer.out, answer.err
