"""The systems that are measured: all that are trained, or one for every network."""

from __future__ import annotations

from typing import Any

from measuring.settings import Day
from reprosep.experiments.runs import every_run
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.system import System

Pair = tuple[Run, System]
_WITHOUT_MEANING = {"label", "beside", "gated_by", "wiener"}  # for a training


def trained_systems(day: Day, scale: str) -> list[Pair]:
    """Every system that is trained, once, with the first of its runs; those that are trained alike count as one."""
    params, found = day.params(scale), dict[str, Pair]()
    for name in params.papers:
        paper = load_paper(name)
        for run in every_run(params, paper):
            system: Any = paper.systems[run.system]
            if run.seed is not None and not getattr(system, "released", None):
                found.setdefault(str(system.model_dump(exclude=_WITHOUT_MEANING)), (run, system))
    return list(found.values())


def one_of_every_network(day: Day, scale: str) -> list[Pair]:
    """The first system of every architecture, with activity head where there is one, of all sources where it can be."""
    pairs = sorted(trained_systems(day, scale), key=lambda pair: -len(pair[0].targets))
    chosen: dict[str, Pair] = {}
    for run, system in pairs:
        model = str(getattr(system, "model", ""))
        if model != "iass" or getattr(system, "has_head", False):
            chosen.setdefault(model, (run, system))
    return list(chosen.values())


def target_run(corpus: str, target: str, system: str) -> Pair:
    """A run of the IASS paper that estimates one target."""
    return Run(corpus, target, system, 42), load_paper("iass").systems[system]
