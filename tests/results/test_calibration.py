"""Oracle scores beside the published ones: what is measured, what agrees, and what stops before any training."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from conftest import Answer, Line
from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.cells import calibration_cells, check_accepted
from reprosep.papers.content import Doubtful, Paper
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.results import calibration as subject
from synthetic import own_corpus

PUBLISHED = {"vocals": (-6.24, 6.49), "bass": (-5.77, 5.34)}  # input-SDR and IBM of Table 3
SCORES = {"input": -6.0, "ibm": 6.0, "irm": 6.0, "wiener": 7.0}
REAL = {"standin": None}


@pytest.fixture(scope="module")
def iass() -> Paper:
    return load_paper("iass")


def settings(mm: dict[str, Any] | None = None, accept: list[str] | None = None) -> Params:
    """The default parameters with one corpus, MM with two targets, and changes of it."""
    content = read_yaml(repository() / "params.yaml")
    corpus = {**content["corpora"]["mm"], "targets": ["vocals", "bass"], **(mm or {})}
    content["corpora"] = {"mm": corpus}
    return parse(merge(content, {"calibration": {"accept": accept or []}}))


def write_scores(results: Path, params: Params, paper: Paper, **change: float) -> Path:
    """Scores of five songs around :data:`SCORES`; `change` sets the value of ``<target>_<system>`` in dB."""
    for cell in calibration_cells(params, paper):
        value = change.get(f"{cell.target}_{cell.system}", SCORES[cell.system])
        rows = [
            {"song": f"Song {song}", "frame": frame, "SDR": value + 0.1 * (song - 2) + 0.01 * (frame - 1)}
            for song in range(5)
            for frame in range(3)
        ]
        table = pd.DataFrame(rows).assign(SIR=0.0, SAR=0.0, ISR=0.0, dropped="", ill_posed=False, variant="none")
        table["seed"] = pd.array([None] * len(table), dtype="Int64")
        name = f"{cell.corpus}_{cell.target}_{cell.system}"
        named = {"run": name, "corpus": cell.corpus, "target": cell.target, "system": cell.system}
        write_table(results / "scores" / f"{name}.parquet", table.assign(**named))
    return results


def calibrate(params: Params, paper: Paper, results: Path) -> pd.DataFrame:
    """The file that is written, by value."""
    subject.conclude(params, paper, subject.measure(params, paper, results), results)
    table = pd.read_csv(results / subject.FILE)
    return table.set_index(["target", "system"])


# ---- what is measured --------------------------------------------------------------------------------------------


def test_values_of_the_demo(iass: Paper) -> None:
    params = parse(read_yaml(repository() / "params.yaml"))
    cells = calibration_cells(params, iass)
    assert len(cells) == 4 * 4 + 6 * 4
    known = {(c.target, c.system): c.published for c in cells if c.published is not None}
    assert len(known) == 6 * 2
    assert {target: (known[target, "input"], known[target, "ibm"]) for target in PUBLISHED} == PUBLISHED
    assert [c.system for c in cells[:4]] == ["input", "ibm", "irm", "wiener"]
    assert len({(c.corpus, c.target, c.system) for c in cells}) == len(cells)


def test_a_doubtful_published_value_is_none(iass: Paper) -> None:
    table = iass.tables["table-3"]
    doubtful = [Doubtful(row="Vocals", column="IBM", reason="a slip")]
    changed = iass.model_copy(update={"tables": {"table-3": table.model_copy(update={"doubtful": doubtful})}})
    found = {(c.target, c.system): c.published for c in calibration_cells(settings(), changed)}
    assert found["vocals", "ibm"] is None and found["bass", "ibm"] == 5.34


def test_a_corpus_that_the_paper_does_not_know_has_no_values(iass: Paper) -> None:
    content = dump(settings())
    content["corpora"] = {"other": content["corpora"]["mm"]}
    assert calibration_cells(parse(content), iass) == []


def test_values_and_intervals_are_those_of_the_tables(iass: Paper, tmp_path: Path) -> None:
    params = settings()
    table = calibrate(params, iass, write_scores(tmp_path, params, iass, bass_ibm=4.0))
    row = table.loc["bass", "ibm"]
    assert row["reproduced"] == pytest.approx(4.0)
    assert row["ci_low"] <= 4.0 <= row["ci_high"] and row["ci_low"] < row["ci_high"]
    assert row["gain"] == pytest.approx(10.0)
    assert row["difference"] == pytest.approx(4.0 - 5.34)
    assert (table["songs"] == 5).all() and table["unscored_songs"].isna().all()
    assert table.loc["bass", "input"]["gain"] != table.loc["bass", "input"]["gain"]  # of the mixture itself: none


# ---- verdicts ----------------------------------------------------------------------------------------------------


def test_a_standin_is_not_judged(iass: Paper, tmp_path: Path) -> None:
    params = settings()
    table = calibrate(params, iass, write_scores(tmp_path, params, iass, vocals_ibm=30.0))
    assert list(pd.read_csv(tmp_path / subject.FILE).columns) == subject.COLUMNS
    assert set(table.xs("ibm", level="system")["verdict"]) == {subject.STANDIN}
    assert set(table.xs("wiener", level="system")["verdict"]) == {subject.UNPUBLISHED}


def test_own_recordings_are_not_judged(iass: Paper, tmp_path: Path) -> None:
    params = settings(own_corpus(targets=["vocals", "bass"], files={"vocals": ["*v*"], "bass": ["*b*"]}))
    table = calibrate(params, iass, write_scores(tmp_path, params, iass, vocals_ibm=30.0))
    assert set(table.xs("ibm", level="system")["verdict"]) == {subject.OWN}


def test_a_real_corpus_that_agrees(iass: Paper, tmp_path: Path) -> None:
    params = settings(REAL)
    table = calibrate(params, iass, write_scores(tmp_path, params, iass))
    assert set(table[table["published"].notna()]["verdict"]) == {subject.AGREES}
    assert not (tmp_path / subject.REFUSED).exists()


@pytest.mark.parametrize("difference", [-1.81, -1.79, 1.79, 1.81])
def test_the_tolerance_is_a_bound_on_both_sides(iass: Paper, tmp_path: Path, difference: float) -> None:
    params = settings(REAL)
    write_scores(tmp_path, params, iass, vocals_ibm=6.49 + difference)
    if abs(difference) < 1.8:
        assert calibrate(params, iass, tmp_path).loc["vocals", "ibm"]["verdict"] == subject.AGREES
    else:
        with pytest.raises(UserError, match=re.escape("mm/vocals/ibm: ")):
            calibrate(params, iass, tmp_path)


def test_every_value_that_differs_is_named_in_one_sentence(iass: Paper, tmp_path: Path) -> None:
    params = settings(REAL)
    write_scores(tmp_path, params, iass, vocals_ibm=10.0, bass_input=-3.0)
    (tmp_path / subject.FILE).write_text("of an earlier run\n")
    with pytest.raises(UserError) as stop:
        calibrate(params, iass, tmp_path)
    sentence = str(stop.value)
    for words in (
        "mm/vocals/ibm: 10.00 dB (published: 6.49 ± 1.8 dB)",
        "mm/bass/input: -3.00 dB (published: -5.77 ± 1.3 dB)",
        "split",
        "audio.sample_rate",
        "mono or stereo",
        "workflow/instruments.yaml",
        "calibration.accept: [mm/vocals/ibm, mm/bass/input]",
        subject.REFUSED,
    ):
        assert words in sentence
    assert "mm/vocals/input" not in sentence and "\n" not in sentence
    assert not (tmp_path / subject.FILE).exists()  # or the workflow would go on with it
    refused = pd.read_csv(tmp_path / subject.REFUSED).set_index(["target", "system"])["verdict"]
    assert refused["vocals", "ibm"] == subject.DIFFERS and refused["bass", "ibm"] == subject.AGREES


def test_accepted_values_do_not_stop(iass: Paper, tmp_path: Path) -> None:
    accept = ["mm/vocals/ibm", "mm/bass/input"]
    write_scores(tmp_path, settings(REAL), iass, vocals_ibm=10.0, bass_input=-3.0)
    with pytest.raises(UserError, match="mm/bass/input"):
        calibrate(settings(REAL, accept[:1]), iass, tmp_path)
    table = calibrate(settings(REAL, accept), iass, tmp_path)
    assert table.loc["vocals", "ibm"]["verdict"] == table.loc["bass", "input"]["verdict"] == subject.ACCEPTED
    assert not (tmp_path / subject.REFUSED).exists()


def test_accepting_an_unknown_value_is_an_error(iass: Paper) -> None:
    check_accepted(settings(accept=["mm/vocals/ibm"]), [iass])
    with pytest.raises(UserError, match=r"'mm/vocal/ibm' .* \(did you mean 'mm/vocals/ibm'\?\)"):
        check_accepted(settings(accept=["mm/vocal/ibm"]), [iass])


# ---- what holds on every corpus ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["ibm", "irm", "wiener"])
def test_a_mask_that_gains_nothing_stops(iass: Paper, tmp_path: Path, mask: str) -> None:
    params = settings()
    write_scores(tmp_path, params, iass, **{f"bass_{mask}": SCORES["input"] + 2.9})
    with pytest.raises(UserError, match=rf"mm/bass/{mask}: 2\.90 dB above the mixture \(expected: more than 3 dB\)"):
        calibrate(params, iass, tmp_path)
    assert len(calibrate(settings(accept=[f"mm/bass/{mask}"]), iass, tmp_path)) == 8


def silence(results: Path, run: str, song: str) -> None:
    path = results / "scores" / f"{run}.parquet"
    table = pd.read_parquet(path)
    table.loc[table["song"] == song, "SDR"] = math.nan
    write_table(path, table)


def test_a_song_without_a_score_stops(iass: Paper, tmp_path: Path) -> None:
    silence(write_scores(tmp_path, settings(), iass), "mm_vocals_input", "Song 3")
    with pytest.raises(UserError, match="mm/vocals/input: no score in any frame of Song 3; "):
        calibrate(settings(), iass, tmp_path)
    table = calibrate(settings(accept=["mm/vocals/input"]), iass, tmp_path)
    assert table.loc["vocals", "input"][["songs", "unscored_songs"]].tolist() == [4, "Song 3"]


def test_nothing_scored_on_a_real_corpus_stops(iass: Paper, tmp_path: Path) -> None:
    write_scores(tmp_path, settings(REAL), iass)
    for song in range(5):
        silence(tmp_path, "mm_bass_ibm", f"Song {song}")
    with pytest.raises(UserError, match="mm/bass/ibm: no score in any frame of Song 0; Song 1"):
        calibrate(settings(REAL), iass, tmp_path)
    refused = pd.read_csv(tmp_path / subject.REFUSED).set_index(["target", "system"])
    assert refused.loc["bass", "ibm"]["verdict"] == subject.DIFFERS
    assert np.isnan(refused.loc["bass", "ibm"]["reproduced"])


def test_own_recordings_are_told_and_not_stopped(
    iass: Paper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = settings(own_corpus(targets=["vocals", "bass"], files={"vocals": ["*v*"], "bass": ["*b*"]}))
    write_scores(tmp_path, params, iass, vocals_ibm=-5.0)
    assert len(calibrate(params, iass, tmp_path)) == 8
    assert "mm/vocals/ibm: 1.00 dB above the mixture" in capsys.readouterr().err


# ---- the command line --------------------------------------------------------------------------------------------


def test_the_verb_prints_all_values(
    prepared: Line, reprosep: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of synthetic songs in the real corpora's layouts: they are not the paper's, and it says so."""
    content = merge(dump(prepared.params), {"corpora": {"musdb": {"targets": ["vocals"]}, "mm": {"targets": ["bass"]}}})
    line = Line(prepared.folder, parse(content))
    names = [f"{part}_{oracle}" for part in ("musdb_vocals", "mm_bass") for oracle in SCORES]
    line.step("score", names, 1)
    file = tmp_path / "params.yaml"
    line.write_params(file)
    monkeypatch.chdir(prepared.folder)
    answer = reprosep("calibrate", "iass", "--params", file)
    assert answer.status == 2
    assert "mm/bass/ibm" in answer.sentence()
    for word in ("musdb", "wiener", "no published value", "differs"):
        assert word in answer.out


def test_a_step_without_scores_is_one_sentence(prepared: Line, reprosep: Callable[..., Answer], tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    line = Line(prepared.folder, parse(merge(dump(prepared.params), {"scale": "nothing"})))
    line.write_params(file)
    answer = reprosep("calibrate", "iass", "--params", file)
    assert re.search(r"musdb_vocals_input\.parquet: no such file; run the step", answer.sentence())
