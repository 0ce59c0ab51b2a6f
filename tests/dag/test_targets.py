"""What `reprosep reproduce` says that it made: the report, or the files that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Answer
from reprosep.dag import reproduce
from synthetic import make_params


def test_only_what_is_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Callable[..., Answer]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reproduce, "scale_params", lambda scale, files: make_params())
    monkeypatch.setattr(reproduce, "_check_project", lambda: None)
    monkeypatch.setattr(reproduce, "_unlock", lambda: None)
    monkeypatch.setattr(reproduce.Snakemake, "follow", lambda _: None)
    table = Path("results/smoke/papers/iass/table-1.csv")
    table.parent.mkdir(parents=True)
    table.touch()
    words = ("reproduce", "smoke", "--target", table, "--target", "claims")  # the second is the name of a rule
    answer = reprosep(*words)
    assert answer.out == f"{table}\n", answer.err
    report = Path("results/smoke/report.html")
    report.touch()
    assert reprosep("reproduce", "smoke").out == f"{report}\n"
