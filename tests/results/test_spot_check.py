"""museval's second opinion: what is drawn, what is compared, and when everything stops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import CHANGE, Line
from reprosep.audio.store import read_table, write_table
from reprosep.base.errors import UserError
from reprosep.experiments.runs import find_run
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import Params
from reprosep.results import spot_check as subject
from synthetic import make_params

RUNS = ("mm_vocals_iass_s42", "mm_vocals_input", "musdb_drums_open-unmix_s42")


def pairs(params: Params) -> list[tuple[Run, System]]:
    return [find_run(params, run) for run in RUNS]


@pytest.fixture(scope="module")
def scored(trained: Line) -> Line:
    trained.step("train", ["musdb_vocals_open-unmix_s42"])  # whose estimates the Wiener filter of drums takes
    trained.step("score", list(RUNS), 1)
    return trained


@pytest.fixture
def results(scored: Line, tmp_path: Path) -> Path:
    """The scored line's results, with scores that may be changed."""
    for path in scored.results.iterdir():
        if path.name != "scores":
            (tmp_path / path.name).symlink_to(path)
    for run in RUNS:
        write_table(tmp_path / "scores" / f"{run}.parquet", read_table(scored.results / "scores" / f"{run}.parquet"))
    return tmp_path


def check(scored: Line, results: Path) -> pd.DataFrame:
    return subject.spot_check(scored.params, pairs(scored.params), results)


def test_museval_agrees(scored: Line, results: Path) -> None:
    found = check(scored, results)
    assert list(found.columns) == subject.COLUMNS
    assert set(found["run"]) == set(RUNS)
    assert (found["difference"] <= scored.params.scoring.tolerance).all()
    assert found["same_frames"].all()
    assert (found["frames"] > 0).any()


def test_a_wrong_score_stops_everything(scored: Line, results: Path) -> None:
    for run in RUNS:
        path = results / "scores" / f"{run}.parquet"
        write_table(path, read_table(path).assign(SIR=lambda table: table["SIR"] + 1e-4))
    with pytest.raises(UserError, match=r"differs from museval by 0\.0001 dB"):
        check(scored, results)


def test_a_frame_too_many_stops_everything(scored: Line, results: Path) -> None:
    for run in RUNS:
        path = results / "scores" / f"{run}.parquet"
        write_table(path, read_table(path).assign(SDR=lambda table: table["SDR"].fillna(1.0)))
    with pytest.raises(UserError, match="same frames scored: False"):
        check(scored, results)


def test_an_ill_posed_song_does_not_stop(scored: Line, results: Path) -> None:
    for run in RUNS:
        path = results / "scores" / f"{run}.parquet"
        write_table(path, read_table(path).assign(SIR=lambda table: table["SIR"] + 1, ill_posed=True))
    assert (check(scored, results)["difference"] > 0.9).any()


def test_the_choice_is_that_of_the_seed(scored: Line, results: Path) -> None:
    def chosen(**change: object) -> list[tuple[str, str, str]]:
        params = make_params({**CHANGE, **change})
        return [(c.scorer.run.id, c.song, c.variant) for c in subject.choose(params, pairs(params), results)]

    assert chosen() == chosen()
    assert {tuple(chosen(seed=seed)) for seed in range(8)} != {tuple(chosen())}
    assert chosen(scoring={"spot_checks": 0}) == []
    assert len(chosen(scoring={"spot_checks": 2})) == 2


def test_perfect_scores_are_compared_as_perfect() -> None:
    ours = np.array([[np.nan, 300.0, 10.0, 130.0]])  # infinite here
    theirs = np.array([[250.0, np.nan, 10.0 + 1e-7, 180.0]])
    assert subject.same_frames(ours, theirs)
    assert subject.largest_difference(ours, theirs) == pytest.approx(1e-7)
    assert not subject.same_frames(np.array([[np.nan]]), np.array([[10.0]]))
