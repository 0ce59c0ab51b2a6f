"""Systems in ``run.json``: those of today, and those of the time when all kinds shared the keys of one class."""

from __future__ import annotations

from typing import Any

import pytest

from reprosep.base.project import read_yaml, repository
from reprosep.papers.loading import load_paper
from reprosep.papers.system import Network, system_of_record
from reprosep.params.scale import dump

SHARED: dict[str, Any] = {  # every key of that class as `reprosep train` wrote it when a paper did not say it
    "activity_weight": 0.0,
    "added": None,
    "beside": None,
    "blocks": 3,
    "channel_swap": False,
    "clips": [],
    "detects": None,
    "early_stopping": None,
    "gated_by": None,
    "input_seconds": None,
    "joint": False,
    "learning_rate_factor": 1.0,
    "loss": "indirect",
    "mask": {"n_fft": None, "power": None, "theta": None},
    "oracle": None,
    "silence_filter": True,
    "sources": [],
    "targets": [],
    "tested": [],
    "weights": "unit",
}
AFTER = ("joint",)  # kinds that came after kinds did
PAPERS = list(read_yaml(repository() / "workflow/examples/all-papers.yaml")["papers"])


def trained(paper: str) -> list[Network]:
    return [system for system in load_paper(paper).systems.values() if isinstance(system, Network)]


@pytest.mark.parametrize("paper", PAPERS)
def test_records_of_today(paper: str) -> None:
    assert trained(paper)
    for system in trained(paper):
        assert system_of_record(dump(system)) == system


@pytest.mark.parametrize("paper", PAPERS)
def test_records_before_kinds(paper: str) -> None:
    for system in trained(paper):
        if system.kind in AFTER:
            continue
        own = {key: value for key, value in dump(system).items() if key in SHARED or key in ("label", "model")}
        said = system.scored if system.kind in ("sources", "clips") else "whole"  # as it was where nothing was said
        record = SHARED | own | {"scored": said}
        read = system_of_record(record)
        assert (type(read), read.scored) == (type(system), system.scored)
        assert {key: getattr(read, key) for key in own} == {key: getattr(system, key) for key in own}
