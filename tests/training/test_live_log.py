"""The log of a training and the metrics of a paper, as the tools read them that they are written for."""

from __future__ import annotations

import json
from pathlib import Path

from dvc.repo import Repo
from dvclive import Live

from reprosep.results.metrics import write_metrics, write_verdicts
from reprosep.training.live_log import write_live_log

EPOCHS = [
    {"train_loss": 3.0, "train_mse": 2.0, "train_bce": 1.0, "valid_mse": 0.5, "learning_rate": 1e-3, "seconds": 9.0},
    {"train_loss": 2.0, "train_mse": 1.5, "train_bce": 0.5, "valid_mse": 0.75, "learning_rate": 5e-4, "seconds": 8.0},
]


def test_the_log_is_what_dvclive_writes(tmp_path: Path) -> None:
    write_live_log(tmp_path / "ours", EPOCHS)
    with Live(str(tmp_path / "theirs"), save_dvc_exp=False, dvcyaml=None, report=None) as live:
        for epoch in EPOCHS:
            for name in ("train_loss", "train_mse", "train_bce", "valid_mse", "learning_rate"):
                live.log_metric(name, epoch[name])
            live.next_step()
        live.summary["best_valid_loss"] = 0.5
        live.step = len(EPOCHS) - 1
    for path in (tmp_path / "theirs/plots/metrics").iterdir():
        ours = (tmp_path / "ours/plots/metrics" / path.name).read_text().splitlines()
        assert [line.split("\t") for line in ours] == [line.split("\t") for line in path.read_text().splitlines()]
    ours, theirs = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("ours", "theirs"))
    assert ours == theirs


def test_dvc_reads_the_metrics(tmp_path: Path) -> None:
    rows = [
        {"row": "Vocals", "column": "IASS", "reproduced": 4.56789},
        {"row": "Bass", "column": "IASS", "reproduced": float("nan")},
    ]
    write_metrics(tmp_path / "metrics.json", {"table-3": rows})
    verdicts = [
        {"claim": "one", "verdict": "holds", "effect": 1.0},
        {"claim": "two", "verdict": "undecided", "effect": None},
    ]
    write_verdicts(tmp_path / "claims.json", verdicts)
    (tmp_path / "dvc.yaml").write_text("metrics: [metrics.json, claims.json]\n")
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        found = repo.metrics.show()[""]["data"]
    assert found["metrics.json"]["data"] == {"table-3": {"Vocals": {"IASS": 4.5679}}}
    assert found["claims.json"]["data"] == {"verdicts": {"holds": 1, "undecided": 1}, "effects": {"one": 1.0}}
