"""The memory that control groups leave a process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reprosep.base import control_group


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job's group in a node's, in a root without limits."""
    (tmp_path / "own").write_text("0::/slurm/job_7\n")
    root = tmp_path / "cgroup"
    (root / "slurm" / "job_7").mkdir(parents=True)
    monkeypatch.setattr(control_group, "_ROOT", root)
    monkeypatch.setattr(control_group, "_OWN", tmp_path / "own")
    return root


def limit(folder: Path, most: str, used: int) -> None:
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{used}\n")


def test_nothing_limits_it(groups: Path) -> None:
    limit(groups / "slurm" / "job_7", "max", 5)
    assert control_group.free_in_group() == sys.maxsize


def test_the_tightest_group_counts(groups: Path) -> None:
    limit(groups / "slurm" / "job_7", "8000", 3000)
    assert control_group.free_in_group() == 5000
    limit(groups / "slurm", "6000", 5500)
    assert control_group.free_in_group() == 500
    limit(groups / "slurm", "6000", 7000)
    assert control_group.free_in_group() == 0


def test_without_control_groups(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_group, "_OWN", groups / "nothing")
    assert control_group.free_in_group() == sys.maxsize
