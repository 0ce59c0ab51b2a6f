"""As many trainings run at once on this machine as its GPUs have places for, whatever the number of cores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from project import SCALE, copy_project, environment

from moments import LONG

RUNS = [f"{corpus}_{target}_iass_s42" for corpus, target in (("mm", "vocals"), ("mm", "bass"), ("musdb", "vocals"))]
RUNS += [name.replace("iass", "open-unmix") for name in RUNS]
# A training that only says when it began and ended; the first ones wait until as many have begun as may run at once.
TRAINING = """#!/bin/sh
folder=results/smoke/runs/$2
echo begin >> moments
until [ $(grep -c begin moments) -ge $MOST ]; do sleep 0.1; done
sleep 0.7
echo end >> moments
touch $folder/best.safetensors $folder/epochs.csv $folder/run.json $folder/dvclive/metrics.json
"""


def most_at_once(moments: Path) -> int:
    count, most = 0, 0
    for word in moments.read_text().split():
        count += 1 if word == "begin" else -1
        most = max(most, count)
    assert count == 0
    return most


@pytest.mark.parametrize(
    ("gpus", "training", "machine", "most"),
    [
        ("0", "{gpu: 1}", "{trainings_per_gpu: 3, side_by_side: false}", 3),
        ("0,1", "{gpu: 2}", "{trainings_per_gpu: 2, side_by_side: false}", 1),
        ("", "{gpu: 1}", "{trainings_per_gpu: 1, side_by_side: false}", 6),
    ],
)
def test_trainings_at_once(tmp_path: Path, gpus: str, training: str, machine: str, most: int) -> None:
    copy_project(tmp_path)
    for corpus in ("mm", "musdb"):
        mixtures = [f"mixtures/{run.split('_')[1]}.parquet" for run in RUNS]
        for name in ("catalog.parquet", "audio/index.parquet", "activity/index.parquet", *mixtures):
            path = tmp_path / "results/smoke" / corpus / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    calibration = tmp_path / "results/smoke/papers/iass/calibration.csv"
    calibration.parent.mkdir(parents=True)
    calibration.touch()
    program = tmp_path / "training.sh"
    program.write_text(TRAINING)
    rule = tmp_path / "workflow/rules/training.smk"
    rule.write_text(rule.read_text().replace("exec reprosep train", f"exec sh {program} train"))
    found = environment(tmp_path) | {"CUDA_VISIBLE_DEVICES": gpus, "MOST": str(most)}
    command = [sys.executable, "-m", "snakemake", "--profile", "workflow/profiles/default", "--configfile", SCALE]
    command += ["--cores", "12", "--allowed-rules", "train", "--config", f"training={training}", f"machine={machine}"]
    targets = [f"results/smoke/runs/{run}/best.safetensors" for run in RUNS]
    answer = subprocess.run(
        [*command, "--", *targets], cwd=tmp_path, env=found, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert most_at_once(tmp_path / "moments") == most
