"""Scorings of a trained network behind other gates: no training, the trained weights, and all gates of one pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Answer, Line
from reading import files_read
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.dag.plan import Plan
from reprosep.experiments.gated.scores import GatedScorer
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.papers import loading
from reprosep.papers.claim_checks import check_claims
from reprosep.papers.loading import load_paper

RUN = "mm_vocals_iass-gates_s42"


@pytest.fixture
def beyond(trained: Line, linked: Callable[[dict[str, Any]], Line]) -> Line:
    """Trained as for the paper of IASS, read for our own."""
    line = linked({"papers": ["iass", "beyond"]})
    (line.results / "runs").symlink_to(trained.results / "runs")
    return line


def test_every_gate_is_scored_with_the_trained_weights(beyond: Line) -> None:
    beyond.step("score", [RUN, "mm_vocals_iass_s42"], 1)
    scores = read_table(beyond.results / "scores" / f"{RUN}.parquet")
    assert set(scores["variant"]) == {"tuned", "soft", "hysteresis"} and set(scores["seed"]) == {42}
    tuned = scores[scores["variant"] == "tuned"]
    assert tuned["opens above"].nunique() == 1 and (tuned["opens above"] == tuned["closes below"]).all()
    held = scores[scores["variant"] == "hysteresis"]
    assert (held["opens above"] >= held["closes below"]).all()
    assert scores.loc[scores["variant"] == "soft", "opens above"].isna().all()
    assert not (beyond.results / "scores" / f"{RUN}.activity.parquet").exists()  # the trained run's has it
    plain = read_table(beyond.results / "scores" / "mm_vocals_iass_s42.parquet")
    assert set(plain["song"]) == set(scores["song"])


def test_a_tuned_gate_at_one_half_is_the_papers(beyond: Line) -> None:
    scorers = [
        scorer_for(beyond.params, *find_run(beyond.params, one), beyond.results)
        for one in (RUN, RUN.replace("-gates", ""))
    ]
    gated, plain = scorers
    assert isinstance(gated, GatedScorer) and gated.chosen is not None
    object.__setattr__(gated, "chosen", type(gated.chosen)(0.5, 0.5, 0.5))
    recipe = gated.recipes()[0]
    scene = gated.scene(recipe)
    waves, others = dict(gated.estimates(recipe, scene)[0]), dict(plain.estimates(recipe, scene)[0])
    np.testing.assert_array_equal(waves["tuned"], others["median"])
    np.testing.assert_array_equal(waves["hysteresis"], others["raw"])
    assert not np.array_equal(waves["soft"], others["none"])


def test_a_scoring_opens_what_its_kind_says(beyond: Line) -> None:
    run, system = find_run(beyond.params, RUN)
    with files_read(beyond.results) as read:
        scorer = scorer_for(beyond.params, run, system, beyond.results)
        recipe = scorer.recipes()[0]
        scene = scorer.scene(recipe)
        scorer.score(recipe, scene, scorer.references(recipe, scene))
    told = {name for name in read if name.endswith((".parquet", ".safetensors", "run.json"))}
    assert told <= {*kind_of(system).scoring_reads(beyond.params, run, system).files}
    assert {"runs/mm_vocals_iass_s42/best.safetensors", "runs/mm_vocals_iass_s42/run.json"} <= told


def test_nothing_is_trained_for_it(beyond: Line, reprosep: Callable[..., Answer]) -> None:
    plan = Plan(beyond.params)
    assert RUN in plan.runs and RUN not in plan.trained and RUN in plan.borrowing
    assert {plan.run(name).seed for name in plan.scored_together()["mm-vocals-iass-gates"]} == {42, 43, 44}
    said = reprosep("train", RUN, "--params", beyond.folder / "params.yaml").sentence()
    assert said == f"'{RUN}' needs no training; score it with `reprosep score {RUN}`"


def test_its_verdicts_count_the_trainings_of_the_networks() -> None:
    systems = load_paper("beyond").systems
    assert systems["iass-gates"].trainings("iass-gates") == "iass" == systems["iass"].trainings("iass")


def test_a_question_about_a_threshold_needs_a_chosen_one() -> None:
    paper = load_paper("beyond")
    claim = paper.questions[0]
    wrong = type(claim).model_validate(claim.model_dump() | {"metric": "opens above"})
    with pytest.raises(UserError, match="opens above of 'iass', whose gate is not chosen"):
        check_claims(Path("x.yaml"), paper.model_copy(update={"questions": [wrong]}))


def test_gates_are_of_a_trained_network_with_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    content = read_yaml(repository() / "workflow/papers/beyond.yaml")
    content["systems"]["iass-gates"]["of"] = "ias"
    monkeypatch.setattr(loading, "read_yaml", lambda path: content)
    with pytest.raises(UserError, match=r"beyond.yaml: systems.iass-gates.of: 'ias' is no trained network of one targ"):
        load_paper("beyond")
