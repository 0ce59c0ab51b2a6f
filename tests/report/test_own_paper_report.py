"""The report of a paper of our own: it says what it is, has verdicts with its own seeds, and nothing is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params
from reprosep.report.parameters import write_record
from reprosep.report.publish import publish
from synthetic_results import make_params, make_results, write_all


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params(papers=["beyond"])


@pytest.fixture(scope="module")
def results(settings: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    paper, root = load_paper("beyond"), tmp_path_factory.mktemp("own")
    folder = make_results(root, settings, paper, name="beyond")
    write_all(settings, paper, folder, "beyond")
    write_record(settings, "beyond", paper, folder / "papers/beyond")
    return folder


def test_the_report_says_what_it_is(results: Path) -> None:
    text = " ".join((results / "report.html").read_text().split())
    assert "<strong>Stand-in, our own questions</strong>: nobody has published an answer" in text
    assert "<strong>3 trainings of each network</strong>" in text
    assert "the paper’s claims</h2>" not in text and "of the paper’s claims" not in text
    assert 'id="beyond"' in text and 'href="#beyond-questions"' not in text
    assert re.search(r"of our own questions", text)


def test_verdicts_are_of_three_trainings_each(results: Path) -> None:
    claims = pd.read_csv(results / "papers/beyond/claims.csv")
    tested = claims[(claims["target"] == "all") & ~claims["expect"].eq("times-less")]
    assert set(tested["asked_by"]) == {"us"}
    assert set(tested["scope"]) == {"of 3 trainings each"} and set(tested["seeds"]) == {3}
    assert len(claims["claim"].unique()) == len(load_paper("beyond").questions)


def test_a_gate_on_the_same_trainings_is_compared_training_by_training(results: Path) -> None:
    """What trainings differ in is in both sides, so that it does not count against the difference."""
    claims = pd.read_csv(results / "papers/beyond/claims.csv").set_index(["claim", "target"])
    same = claims.loc[("soft-gate-beats-hard-gate-on-songs", "all")]
    assert same["seeds"] == 3 and same["ci_low"] <= same["effect"] <= same["ci_high"]


def test_chosen_thresholds_are_shown(results: Path) -> None:
    table = pd.read_csv(results / "papers/beyond/thresholds.csv")
    chosen = table.pivot(index="row", columns="column", values="reproduced")
    assert set(chosen["Tuned"]) == {0.4}
    assert set(chosen["Hysteresis, opens"]) == {0.6} and set(chosen["Hysteresis, closes"]) == {0.3}
    assert table["ci_low"].isna().all()  # every song has the same
    section = (results / "report.html").read_text().split('id="beyond-thresholds"')[1]
    assert "share" in section[:6000]


def test_whole_songs_have_no_table_on_common_frames(results: Path) -> None:
    made = {path.name for path in (results / "papers/beyond").glob("*-common-frames.csv")}
    assert made == {f"{name}-common-frames.csv" for name in ("gates", "joint", "pitch", "targets")}


def test_what_nobody_printed_has_no_column(results: Path) -> None:
    assert "In print" not in (results / "report.html").read_text()


def test_published_results_say_so_too(settings: Params, results: Path, tmp_path: Path) -> None:
    publish(settings, "beyond", results, tmp_path, "reprosep reproduce demo")
    page = (tmp_path / "README.md").read_text()
    assert "**Stand-in, our own questions, verdicts with 3 trainings of each network**" in page
    cells = pd.read_csv(tmp_path / "cells.csv", dtype={"seed": str}, keep_default_na=False)
    assert {"42", "43", "44", "all"} <= set(cells["seed"])
