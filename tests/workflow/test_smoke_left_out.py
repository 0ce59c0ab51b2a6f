"""The whole line where a scale leaves out a corpus: what is there is computed, what is not is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from project import SCALE, copy_with_recordings, finished_smoke, snakemake

WHY = "has to be requested"


@pytest.mark.slow
def test_the_line_without_a_corpus(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    folder = copy_with_recordings(finished_smoke(tmp_path_factory, worker_id), tmp_path / "project")
    (folder / "without.yaml").write_text(yaml.safe_dump({"corpora": {"mm": {"title": "MM", "left_out": WHY}}}))
    files = ["--configfile", SCALE, "without.yaml"]
    answer = snakemake(folder, *files)
    assert answer.returncode == 0, answer.stdout
    assert f"left out at the scale 'smoke': MM (mm, mm-detection, mm-rare): {WHY}" in answer.stdout
    results = folder / "results/smoke"
    assert (results / "musdb").is_dir() and not (results / "mm").exists()
    output = results / "papers/iass"
    assert pd.read_csv(output / "table-1.csv")["reproduced"].notna().any()
    assert (pd.read_csv(output / "table-3.csv")["left_out"] == "needs MM").all()
    claims = pd.read_csv(output / "claims.csv").query("target == 'all'").set_index("claim")["verdict"]
    assert claims["mm-better-than-open-unmix"] == "left out" != claims["blocks-comparable"]
    assert WHY in (results / "report.html").read_text()
    assert "Nothing to be done" in snakemake(folder, *files).stdout
