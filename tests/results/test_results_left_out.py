"""What needs a corpus that a scale leaves out: named in plan, tables, claims, figures, report and comparison."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reprosep.base.project import repository
from reprosep.claims.left_out import claims_left_out
from reprosep.claims.table import write_claims
from reprosep.dag.left_out import left_out_corpora, left_out_of_paper, sentences
from reprosep.dag.plan import Plan, checked_papers
from reprosep.dag.reproduce import scale_params
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.params.files import merged, scale_file
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.report.listening import write_listening
from reprosep.report.page import write_report
from reprosep.report.parameters import write_record
from reprosep.report.publish import page
from reprosep.results.figures import write_figures
from reprosep.results.spot_check import write_spot_check
from reprosep.results.tables import write_tables
from reprosep.results.tidy import LEFT_OUT, TIDY
from reprosep.tools.comparison.command import compare
from reprosep.tools.comparison.verdicts import claim_lines
from synthetic_results import assert_reads_as_planned, make_params, make_results, write_all

WHY = "it has to be requested; `reprosep get mm` says how"
NEEDS = "needs MedleyDB + Mixing Secrets"
MM = {"title": "MedleyDB + Mixing Secrets", "left_out": WHY}


@pytest.fixture(scope="module")
def paper() -> Paper:
    return load_paper("iass")


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params(corpora={"mm": MM})


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, settings: Params, paper: Paper) -> Path:
    results = make_results(tmp_path_factory.mktemp("results"), settings, paper)
    return write_all(settings, paper, results)


# ---- what is told of a plan --------------------------------------------------------------------------------------


def with_papers(*papers: str, **corpora: dict[str, str]) -> Params:
    content = merged([repository() / "params.yaml", scale_file("demo")])
    return parse(merge(content, {"papers": list(papers), "corpora": corpora}))


def test_nothing_is_told_where_nothing_is_left_out() -> None:
    params = with_papers("iass", "munet", "slakh", "activity")
    assert sentences(params, checked_papers(params)) == []


def test_the_reason_and_the_names_are_told(settings: Params) -> None:
    corpus, names = sentences(settings, checked_papers(settings))
    assert corpus == f"left out at the scale 'demo': MedleyDB + Mixing Secrets (mm, mm-detection, mm-rare): {WHY}"
    assert names.startswith("left out of IASS: Table 3; Table 4; Table 4 extension; Figure 4; Figure 5; ")
    assert "systems iass-no-labels; claims mm-better-than-open-unmix, " in names
    assert "questions gate-leaves-less-in-silence, gate-raises-whole-song-sdr" in names
    assert "Table 1" not in names and "musdb" not in names


def test_what_could_not_be_checked_anyway_is_not_left_out(settings: Params, paper: Paper) -> None:
    """For lack of other papers, or of a target."""
    found = claims_left_out(settings, paper, paper.statements)
    assert "detector-gates-as-well" not in found and "synthesised-stems-help" not in found
    bass = make_params(corpora={"mm": {**MM, "targets": ["bass", "drums"]}})
    assert "vocals-and-piano-play-least" in found
    assert "vocals-and-piano-play-least" not in claims_left_out(bass, paper, paper.statements)


def test_rows_of_tables_and_parts_of_figures_are_told() -> None:
    params = with_papers("slakh", flakh={"title": "Flakh2100", "left_out": WHY})
    found = left_out_of_paper(params, load_paper("slakh"))
    rows = [f"{table}, row MUSDB18 + Flakh" for table in ("Training data", "Table 2", "Table 3")]
    assert list(found["tables"]) == ["Table 1, row Flakh2100", *rows]
    assert found["figures"] == {"Figure 2, Flakh2100": ["flakh"]}
    assert found["systems"] == {"musdb-flakh": ["flakh"]}
    assert "slakh-above-flakh" in found["claims"] and "slakh-alone-on-musdb" not in found["claims"]
    assert left_out_corpora(params)[0].names == ("flakh",)


def test_a_gate_of_a_detector_is_left_out_with_its_corpus() -> None:
    params = with_papers("iass", "activity", **{"mm-detection": {"title": "MM, detectors", "left_out": WHY}})
    found = left_out_of_paper(params, load_paper("iass"))
    assert "Table 4, row Vocals ✓ detector" in found["tables"] and "Table 4" not in found["tables"]
    assert found["questions"] == {"detector-gates-as-well": ["mm-detection"]}
    every = left_out_of_paper(params, load_paper("activity"))
    assert list(every["tables"]) == ["Table 1"] and len(every["claims"]) == 5


@pytest.mark.parametrize("scale", ["preview", "open"])
def test_no_run_of_a_scale_needs_what_is_left_out(scale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository())
    params = scale_params(scale, [])
    plan = Plan(params)
    assert {"mm", "mm-detection"} <= params.left_out.keys()
    assert not any(run.corpus in params.left_out for run, _ in plan.runs.values())
    files = [*plan.training_files(plan.trained), *plan.scoring_files([*plan.runs])]
    own = [path for path in files if path.is_relative_to(plan.results)]  # others are published weights
    assert not any(path.relative_to(plan.results).parts[0] in params.left_out for path in own)
    runs = {run.system for run, _ in plan.runs.values()}
    assert {"iass", "iass-4-blocks", "open-unmix", "m-u-net", "c-u-net-2", "dedicated-4", "ebw-p2-4"} <= runs
    assert ("musdb-slakh" in runs) == (scale == "open")
    assert all("MedleyDB + Mixing Secrets" in line for line in plan.left_out() if "at the scale" in line)


# ---- results -----------------------------------------------------------------------------------------------------


def test_what_is_planned_to_be_read_is_read(output: Path, settings: Params, paper: Paper, tmp_path: Path) -> None:
    assert_reads_as_planned(settings, paper, output.parents[1], tmp_path)


def test_tables_say_which_cells_are_left_out(output: Path, paper: Paper) -> None:
    whole, lacking = (pd.read_csv(output / f"{name}.csv") for name in ("table-2", "table-3"))
    assert list(whole.columns) == TIDY  # nothing of it is left out
    assert list(lacking.columns) == [*TIDY, LEFT_OUT]
    assert (lacking[LEFT_OUT] == NEEDS).all() and lacking["reproduced"].isna().all()
    assert len(lacking) == 6 * 4 and lacking["published"].notna().all()
    assert list(lacking["row"].unique()) == [row.label for row in paper.tables["table-3"].rows]
    metrics = json.loads((output / "metrics.json").read_text())
    assert set(metrics) == {"table-1", "table-2"}


def test_a_row_that_is_left_out_stands_in_its_place() -> None:
    from reprosep.results.left_out import left_out_cells
    from reprosep.results.tables import with_left_out

    params, paper = with_papers("slakh", flakh={"title": "Flakh2100", "left_out": WHY}), load_paper("slakh")
    table = paper.tables["table-2"]
    rows = [
        dict.fromkeys(TIDY) | {"row": row.label, "column": column.label, "reproduced": 1.0}
        for row in table.rows
        for column in table.columns
        if row.system != "musdb-flakh"
    ]
    found = with_left_out(params, paper, table, rows)
    assert [row["row"] for row in found[::2]] == [row.label for row in table.rows]
    (one, other) = (row for row in found if row.get(LEFT_OUT))
    assert (one["row"], one["column"], one["published"]) == ("MUSDB18 + Flakh", "Bass", 0.0)
    assert other[LEFT_OUT] == "needs Flakh2100" == other[LEFT_OUT]
    counts = left_out_cells(params, paper, paper.tables["table-1"])
    assert {(cell.row, cell.metric) for cell in counts} >= {("Flakh2100", "songs"), ("Flakh2100", "categories")}


def test_claims_are_left_out_and_not_undecided(output: Path, settings: Params, paper: Paper) -> None:
    claims = pd.read_csv(output / "claims.csv")
    verdicts = claims[claims["target"] == "all"].set_index("claim")["verdict"]
    lacking = verdicts[verdicts == "left out"].index
    assert set(lacking) == set(claims_left_out(settings, paper, paper.statements))
    assert len(lacking) == 17 and "undecided" not in verdicts[lacking].to_numpy()
    assert verdicts["musdb-slightly-worse-on-bass"] == "does not hold"
    rows = claims[claims["verdict"] == "left out"]
    assert (rows["target"] == "all").all() and (rows[LEFT_OUT] == NEEDS).all() and rows["effect"].isna().all()
    assert claims.loc[claims["verdict"] != "left out", LEFT_OUT].isna().all()
    counts = json.loads((output / "claims.json").read_text())["verdicts"]
    assert counts["left out"] == 17


def test_figures_say_that_they_are_left_out(output: Path) -> None:
    assert "Left out at the scale 'demo'" in (output / "figure-5.svg").read_text().replace("&#x27;", "'")
    assert pd.read_csv(output / "figure-5.csv").empty
    assert (output / "figure-3.svg").stat().st_size > 10_000


def test_the_report_names_what_is_left_out(output: Path) -> None:
    text = (output.parents[1] / "report.html").read_text(encoding="utf-8")
    named = "what needs MedleyDB + Mixing Secrets (mm, mm-detection, mm-rare)"
    assert f"{named}: it has to be requested; <code>reprosep get mm</code>" in text
    assert "15 of the paper’s 21 claims, 2 of our 11 questions" in text
    assert f"<strong>Left out at this scale</strong>: {NEEDS}." in text
    section = text.split('id="iass-left-out"')[1].split("<h2")[0]
    for words in ("Table 3", "Figure 4", "IASS generally separates better than Open-Unmix on MM", "iass-no-labels"):
        assert words in section
    tally = text.split('<p class="tally">')[1].split("</p>")[0]
    assert tally.strip().startswith("6 of the paper’s claims") and "left out" not in tally


def test_the_published_page_tells_them_too(output: Path, settings: Params, paper: Paper) -> None:
    text = page(settings, paper, [], output, "reprosep reproduce demo")
    assert "| Vocals | left out (3.68) | left out (4.78) | left out (6.49) | left out (-6.24) |" in text
    assert "17 left out" not in text and "15 left out" in text


def test_a_paper_that_is_left_out_as_a_whole_goes_through(tmp_path: Path) -> None:
    """Every step of it writes its files, and the report says so."""
    params, activity = make_params(papers=["activity"], corpora={"mm": MM}), load_paper("activity")
    results = tmp_path / params.scale
    output = results / "papers" / "activity"
    for write in (write_tables, write_figures, write_claims, write_spot_check):
        write(params, activity, results, output)
    write_listening(params, activity, results, output / "listen")
    assert (pd.read_csv(output / "table-1.csv")[LEFT_OUT] == NEEDS).all()
    assert set(pd.read_csv(output / "claims.csv")["verdict"]) == {"left out"}
    write_report(params, {"activity": activity}, results, results / "report.html")
    text = (results / "report.html").read_text(encoding="utf-8")
    assert "5 of the paper’s 5 claims, 2 of our 2 questions" in text
    assert 'id="activity-left-out"' in text
    assert "No claim of this paper can be checked" in text


# ---- comparison --------------------------------------------------------------------------------------------------


def published_of(folder: Path, paper: Paper) -> Path:
    """Published results that have every cell of Tables 1 and 3 and a figure."""
    made = folder / "published" / "iass"
    made.mkdir(parents=True)
    keys = [("table-1", row, column) for row in ("IASS 3 blocks", "IASS 4 blocks") for column in ("Vocals", "Bass")]
    keys += [("table-3", "Vocals", "IASS"), ("table-3-common-frames", "Vocals", "IASS"), ("figure-5", "vocals", "x")]
    rows = pd.DataFrame(keys, columns=["table", "row", "column"]).assign(metric="SDR", songs=8)
    parts = [rows.assign(seed=seed, value=np.arange(len(rows)) + shift) for seed, shift in (("42", 0.0), ("43", 0.1))]
    pd.concat([*parts, rows.assign(seed="all", value=np.arange(len(rows)) + 0.05)]).to_csv(made / "cells.csv")
    (made / "published.json").write_text(json.dumps({"seeds": [42, 43], "beside": [], "parameters": {}}))
    return made.parent


def test_published_cells_that_are_left_out_are_not_missing(
    tmp_path: Path, settings: Params, output: Path, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(settings, "iass", paper, output)
    compare(output.parents[1], published_of(tmp_path, paper), tmp_path / "cells.csv", show_all=True)
    told = capsys.readouterr().out
    assert f"iass: 3 published cells are left out here: {NEEDS}" in told
    cells = pd.read_csv(tmp_path / "cells.csv")
    assert "missing" not in set(cells["verdict"])
    assert set(cells["table"]) == {"table-1", "table-2", "table-1-common-frames", "table-2-common-frames"}


def test_verdicts_of_claims_that_are_left_out_are_not_others(output: Path, tmp_path: Path) -> None:
    claims = pd.read_csv(output / "claims.csv")
    claims.loc[claims["verdict"] == "left out", ["verdict", "seeds"]] = ["holds", 1]
    claims.to_csv(tmp_path / "claims.csv", index=False)
    (line,) = claim_lines("iass", output / "claims.csv", tmp_path / "claims.csv")
    assert "15 left out" in line.split("; published")[0] and "left out" not in line.split("; published")[1]
