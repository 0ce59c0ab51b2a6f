"""The calibration in the DAG: before any training, where it stops a wrong corpus, and without training again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from project import SCALE, copy_project, finished_smoke, job_counts, snakemake

from synthetic import make_medleydb, make_musdb

CALIBRATION = Path("results/smoke/papers/iass/calibration.csv")


def real(folder: Path) -> Path:
    """Parameters of the smoke scale that take synthetic songs for the papers' corpora, one target each."""
    make_musdb(folder / "recordings" / "musdb")
    make_medleydb(folder / "recordings" / "mm")
    corpora = {
        name: {"roots": [f"recordings/{name}"], "standin": None, "targets": ["vocals"], "valid_fraction": 0.3}
        for name in ("musdb", "mm")
    }
    path = folder / "real.yaml"
    path.write_text(yaml.safe_dump({"corpora": corpora}))
    return path


def change_paper(folder: Path, tolerance: float, published: float) -> None:
    """The paper file with one tolerance for all, and another published IBM of MM's vocals."""
    path = folder / "workflow" / "papers" / "iass.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    for system in content["calibration"]["tolerances"].values():
        system |= {"decibel": tolerance, "targets": {}}
    content["tables"]["table-3"]["published"][0][2] = published
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def test_a_wrong_value_stops_before_any_training(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    files = ["--configfile", SCALE, str(real(folder))]
    change_paper(folder, tolerance=100.0, published=6.49)
    answer = snakemake(folder, *files, "--", str(CALIBRATION))
    assert answer.returncode == 0, answer.stdout
    table = pd.read_csv(folder / CALIBRATION).set_index(["corpus", "target", "system"])["verdict"]
    assert table["mm", "vocals", "ibm"] == "agrees"

    change_paper(folder, tolerance=100.0, published=500.0)
    answer = snakemake(folder, *files)
    assert answer.returncode != 0
    (told,) = {line for line in answer.stdout.splitlines() if line.strip().startswith("reprosep: ")}
    assert "calibration of IASS: mm/vocals/ibm: " in told
    assert "published: 500.00 ± 100 dB" in told and "calibration.accept: [mm/vocals/ibm]" in told
    assert "mm/vocals/input" not in told
    assert "rule train" not in answer.stdout and not (folder / "results/smoke/runs").exists()
    assert not (folder / CALIBRATION).exists()
    refused = pd.read_csv(folder / CALIBRATION.with_name("calibration-refused.csv"))
    assert refused["verdict"].tolist().count("differs") == 1

    (folder / "accepted.yaml").write_text("calibration: {accept: [mm/vocals/ibm]}\n")
    answer = snakemake(folder, *files, "accepted.yaml", "--", str(CALIBRATION))
    assert answer.returncode == 0, answer.stdout
    assert not (folder / CALIBRATION.with_name("calibration-refused.csv")).exists()


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return finished_smoke(tmp_path_factory, worker_id)


def test_another_calibration_does_not_train_again(smoke: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(smoke, folder, symlinks=True, ignore=shutil.ignore_patterns("resources"))
    (folder / "resources").symlink_to(smoke / "resources")
    os.utime(folder / CALIBRATION)
    assert "train" not in job_counts_or_none(snakemake(folder, "-n", "--configfile", SCALE).stdout)
    (folder / "accepted.yaml").write_text("calibration: {accept: [mm/vocals/ibm]}\n")
    jobs = job_counts_or_none(snakemake(folder, "-n", "--configfile", SCALE, "accepted.yaml").stdout)
    assert jobs == {"calibration_iass": 1, "report": 1, "all": 1, "total": 3}


def job_counts_or_none(output: str) -> dict[str, int]:
    return {} if "Nothing to be done" in output else job_counts(output)
