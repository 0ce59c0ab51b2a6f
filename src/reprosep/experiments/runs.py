"""The runs that a paper needs, derived from its tables, its calibration and its detectors."""

from __future__ import annotations

from collections.abc import Iterator

from reprosep.base.errors import UserError, near_match
from reprosep.experiments.cells import OVERALL, calibration_cells, table_cells
from reprosep.experiments.fit import check_agree, check_fits
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import INSTRUMENTS, Run, corpora_of
from reprosep.papers.system import System
from reprosep.params.scale import Params


def needed_runs(params: Params, paper: Paper) -> list[Run]:
    """Every run that the tables and the calibration need, oracles included, in a stable order."""
    every = [cell for table in paper.tables.values() for cell in table_cells(params, paper, table)]
    needed = {(cell.corpus, cell.target, cell.system) for cell in [*every, *calibration_cells(params, paper)]}
    found = {run for corpus, target, system in needed for run in _of_cell(params, paper, corpus, target, system)}
    for corpus, model in sorted({(run.corpus, paper.systems[run.system].model or "") for run in found if run.sources}):
        if model:
            check_fits(params, corpus, model)
    for together in sorted({tuple(corpora_of(params, run, paper.systems[run.system])) for run in found}):
        check_agree(params, together)
    return sorted(found, key=lambda run: run.id)


def detector_runs(params: Params, paper: Paper) -> list[Run]:
    """The runs of a paper's detectors, one per seed, in a stable order."""
    found = [
        Run(str(system.detects), INSTRUMENTS, name, seed)
        for name, system in paper.systems.items()
        if system.detects in params.corpora
        for seed in params.seeds
    ]
    return sorted(found, key=lambda run: run.id)


def every_run(params: Params, paper: Paper) -> list[Run]:
    """All runs of a paper: those that separate, and its detectors."""
    return [*needed_runs(params, paper), *detector_runs(params, paper)]


def _of_cell(params: Params, paper: Paper, corpus: str, target: str, name: str) -> Iterator[Run]:
    """The runs whose scores a cell holds, one per seed; a cell that pools sources needs those of all of them."""
    system = paper.systems[name]
    seeds: list[int | None] = [None] if system.oracle else list(params.seeds)
    if system.joint:
        yield from (Run(corpus, _joint_target(system), name, seed, tuple(system.sources)) for seed in seeds)
        return
    targets = system.sources if target == OVERALL else [target]
    corpus = system.clips[0].corpus if system.clips else corpus  # a network is one, wherever it is scored
    yield from (Run(corpus, one, name, seed) for one in targets for seed in seeds)


def _joint_target(system: System) -> str:
    return f"{len(system.sources)}-sources"


def find_run(params: Params, identifier: str) -> tuple[Run, System]:
    """The run of that id and its system, over all papers; :class:`UserError` when there is none."""
    known: list[str] = []
    for name in params.papers:
        paper = load_paper(name)
        for run in every_run(params, paper):
            if run.id == identifier:
                return run, paper.systems[run.system]
            known.append(run.id)
    raise UserError(f"unknown run '{identifier}'{near_match(identifier, known)}; `reprosep runs` lists them")
