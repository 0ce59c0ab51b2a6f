"""The whole line at its smallest, from composed songs to the report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from project import SCALE, finished_smoke, planned_work, snakemake

from reprosep.base.project import read_yaml
from reprosep.claims.targets import scored_targets, targets_of_claim
from reprosep.claims.verdicts import VERDICTS
from reprosep.experiments.cells import table_cells
from reprosep.experiments.runs import needed_runs
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

RESULTS = Path("results/smoke")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return finished_smoke(tmp_path_factory, worker_id)


@pytest.fixture(scope="module")
def params(smoke: Path) -> Params:
    return parse(merge(read_yaml(smoke / "params.yaml"), read_yaml(smoke / SCALE)))


def test_every_artifact_is_there(smoke: Path, params: Params) -> None:
    results, paper = smoke / RESULTS, load_paper("iass")
    for corpus in ("musdb", "mm"):
        for name in ("recordings.json", "catalog.parquet", "audio/index.parquet", "activity/index.parquet"):
            assert (results / corpus / name).is_file()
        for target in params.corpora[corpus].targets:
            assert (results / corpus / "mixtures" / f"{target}.parquet").is_file()
        assert list((results / corpus / "activity" / "labels").glob("*.lab"))
    for run in needed_runs(params, paper):
        assert (results / "scores" / f"{run.id}.parquet").is_file()
        if run.seed is not None:
            for name in ("best.safetensors", "epochs.csv", "run.json", "checkpoint/last.safetensors"):
                assert (results / "runs" / run.id / name).is_file()
    for name in paper.tables:
        assert (results / "papers" / "iass" / f"{name}.csv").is_file()
    for name in paper.figures:
        for suffix in ("svg", "png"):
            assert (results / "papers" / "iass" / f"{name}.{suffix}").stat().st_size > 1000
    assert (results / "report.html").stat().st_size > 100_000


def test_every_cell_is_a_number(smoke: Path, params: Params) -> None:
    """Or blank where every frame of every song was dropped, for a reason that the scores name."""
    paper, results = load_paper("iass"), smoke / RESULTS
    for name, table in paper.tables.items():
        found = pd.read_csv(results / "papers" / "iass" / f"{name}.csv").set_index(["row", "column"])
        assert {"metric", "published", "reproduced", "ci_low", "ci_high", "songs", "corpus"} <= set(found.columns)
        expected = table_cells(params, paper, table)
        assert sorted(found.index) == sorted((cell.row, cell.column) for cell in expected)
        for cell in expected:
            row = found.loc[(cell.row, cell.column)]
            assert row["published"] == cell.published or (cell.published is None and pd.isna(row["published"]))
            if pd.isna(row["reproduced"]) and cell.metric != "Leakage":  # which a target without a pause has not
                assert_dropped(results, cell.corpus, cell.target, cell.system, cell.variant)
            elif cell.metric != "Leakage":
                assert row["songs"] >= 1
                assert pd.isna(row["ci_low"]) or row["ci_low"] <= row["reproduced"] <= row["ci_high"]


def assert_dropped(results: Path, corpus: str, target: str, system: str, variant: str) -> None:
    name = re.compile(rf"{corpus}_{target}_{system}(_s\d+)?\.parquet")
    (path,) = (path for path in (results / "scores").iterdir() if name.fullmatch(path.name))
    scores = pd.read_parquet(path)
    scores = scores[scores["variant"] == variant]
    assert scores["SDR"].isna().all()
    assert (scores["dropped"] != "").all()


def test_oracles_are_as_they_should_be(smoke: Path) -> None:
    table = pd.read_csv(smoke / RESULTS / "papers" / "iass" / "table-3.csv")
    columns = table.pivot(index="row", columns="column", values="reproduced")
    assert (columns["IBM"] > columns["input-SDR"] + 3).all()
    assert columns["input-SDR"].between(-10, 1).all()


def test_every_claim_about_its_targets_has_a_verdict(smoke: Path, params: Params) -> None:
    found = pd.read_csv(smoke / RESULTS / "papers" / "iass" / "claims.csv")
    paper = load_paper("iass")
    scored = scored_targets(params, paper)
    for claim in paper.statements:
        verdicts = found[(found["claim"] == claim.id) & (found["target"] == "all")]["verdict"]
        assert len(verdicts) == bool(targets_of_claim(params, paper, claim, scored)), claim.id
        assert verdicts.isin(VERDICTS).all()


def test_runs_say_where_they_come_from(smoke: Path) -> None:
    for path in (smoke / RESULTS / "runs").glob("*/run.json"):
        record = json.loads(path.read_text())
        assert {"commit", "versions", "hardware", "seed", "wall_seconds", "params"} <= set(record)


def test_the_report_is_one_page_that_needs_no_network(smoke: Path) -> None:
    page = (smoke / RESULTS / "report.html").read_text()
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert all(source.startswith(("data:", "#")) or "://" in source for source in sources)
    assert not [source for source in re.findall(r"""src=["']([^"']+)["']""", page) if not source.startswith("data:")]
    assert "stand-in" in page


def test_a_second_run_does_nothing(smoke: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (smoke / "results").rglob("*") if path.is_file()}
    answer = snakemake(smoke, "--configfile", SCALE)
    assert answer.returncode == 0
    assert "Nothing to be done" in answer.stdout
    after = {path: path.stat().st_mtime_ns for path in (smoke / "results").rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({"doctor": {"length_tolerance": 0.2}}, {"examination": 2}),
        ({"training": {"threads": 2}, "scoring": {"threads": 2}, "separation": {"chunk_frames": 128}}, {}),
        (
            {
                "machine": {"checkpoint_minutes": 5, "recordings": "memory", "container": "reprosep.sif"},
                "separation": {"chunks_at_once": 2},
            },
            {},
        ),
        # The networks wait for the oracles' calibration, which has to be made again too.
        (
            {"scoring": {"hop_seconds": 0.5}},
            {"score_oracles_musdb": 1, "score_oracles_mm": 1, "calibration_iass": 1, "score": 12}
            | {"spot_check_iass": 1, "tables_iass": 1, "figures_iass": 1, "claims_iass": 1},
        ),
    ],
)
def test_a_change_touches_what_depends_on_it(
    smoke: Path, tmp_path: Path, change: dict[str, object], steps: dict[str, int]
) -> None:
    """All parameters are held to their steps by tests/life/parameters.py."""
    (tmp_path / "change.yaml").write_text(yaml.safe_dump(change))
    answer = snakemake(smoke, "-n", "--configfile", SCALE, str(tmp_path / "change.yaml"))
    counts = planned_work(answer.stdout)
    assert {step: count for step, count in counts.items() if step not in ("all", "report", "total")} == steps
