"""The runs that a paper needs, derived from its tables, its calibration and its systems."""

from __future__ import annotations

from collections.abc import Sequence

from reprosep.base.errors import UserError, near_match
from reprosep.experiments.cells import calibration_cells, table_cells
from reprosep.experiments.kinds import kind_of
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.seeds import with_seeds_of
from reprosep.papers.system import System, Variant
from reprosep.params.scale import Params


def needed_runs(params: Params, paper: Paper) -> list[Run]:
    """Every run that the tables and the calibration need, oracles included, in a stable order.

    Those without whose estimates another one is not scored are among them.
    """
    every = [cell for table in paper.tables.values() for cell in table_cells(params, paper, table)]
    needed = {(cell.corpus, cell.target, cell.system) for cell in [*every, *calibration_cells(params, paper)]}
    of_cells = {run for cell in needed for run in _runs_of_cell(params, paper, *cell)}
    runs = of_cells | {other for run in of_cells for other in _estimating(params, run, paper.systems[run.system])}
    for corpus, name in sorted({(run.corpus, run.system) for run in runs}):
        kind_of(paper.systems[name]).check(params, corpus, paper.systems[name])
    for together in sorted({tuple(corpora_of(params, run, paper.systems[run.system])) for run in runs}):
        check_agree(params, together)
    return sorted(runs, key=lambda run: run.id)


def _runs_of_cell(params: Params, paper: Paper, corpus: str, target: str, name: str) -> list[Run]:
    system, params = paper.systems[name], with_seeds_of(params, paper)
    return list(kind_of(system).runs_of_cell(params, corpus, target, name, system))


def _estimating(params: Params, run: Run, system: System) -> list[Run]:
    return kind_of(system).estimating_runs(params, run, system)


def detector_runs(params: Params, paper: Paper) -> list[Run]:
    """The runs that no cell asks for, those of a paper's detectors, one per seed, in a stable order."""
    systems, params = paper.systems.items(), with_seeds_of(params, paper)
    runs = [run for name, system in systems for run in kind_of(system).own_runs(params, name, system)]
    return sorted(runs, key=lambda run: run.id)


def every_run(params: Params, paper: Paper) -> list[Run]:
    """All runs of a paper: those that separate, and its detectors."""
    return [*needed_runs(params, paper), *detector_runs(params, paper)]


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


def scored_on(params: Params, run: Run, system: System) -> list[str]:
    """The corpora on which a run is scored: its own, or those that its system names, as far as they hold its target."""
    return kind_of(system).scored_on(params, run, system)


def corpora_of(params: Params, run: Run, system: System) -> list[str]:
    """All corpora that a run reads: its own first, then those that it is trained and scored on."""
    trained = kind_of(system).trained_on(run, system)
    return list(dict.fromkeys([run.corpus, *trained, *scored_on(params, run, system)]))


def scored_variants(params: Params, run: Run, system: System) -> tuple[Variant, ...]:
    """The test-time variants in which a run is scored."""
    return kind_of(system).variants(params, run, system)


def check_agree(params: Params, corpora: Sequence[str]) -> None:
    """See that several corpora on which one network is trained or scored are mono and computed alike.

    Raises
    ------
    UserError
        With the first key that differs.
    """
    first, others = corpora[0], corpora[1:]
    for name in corpora if others else []:
        channels = params.corpora[name].channels
        if channels != 1:
            raise UserError(
                f"params: corpora.{name}.channels: {channels}, but corpora trained on together are mono; set it to 1"
            )
        for section in ("audio", "stft", "activity", "clips"):
            own, other = (getattr(params.of_corpus(one), section) for one in (name, first))
            for key in type(own).model_fields:
                mine, theirs = getattr(own, key), getattr(other, key)
                if mine != theirs:
                    raise UserError(
                        f"params: corpora.{name}.settings.{section}.{key}: {mine}, but {theirs} on '{first}', "
                        "with which it is trained or scored together; make the two equal"
                    )
