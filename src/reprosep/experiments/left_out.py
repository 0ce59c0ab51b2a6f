"""What a scale cannot compute for want of the corpora that it leaves out: cells of tables, and systems.

A corpus is left out by ``corpora.<corpus>.left_out``, which says why and what would bring it. A cell is left out when a
scale that had those corpora would have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprosep.experiments.cells import Cell, calibration_cells, table_cells
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import detector_runs
from reprosep.papers.content import Paper, Table
from reprosep.papers.run import OVERALL
from reprosep.papers.system import BY_DETECTOR
from reprosep.params.scale import Params, with_every_corpus

Needs = dict[str, list[str]]
"""Name of what is left out -> the corpora left out that it needs."""


def cells_left_out(params: Params, paper: Paper, table: Table) -> list[tuple[Cell, list[str]]]:
    """The cells of a table of scores that this scale leaves out, row by row, and the corpora that each needs."""
    if not params.left_out:
        return []
    here = {(cell.row, cell.column) for cell in table_cells(params, paper, table)}
    every = table_cells(with_every_corpus(params), paper, table)
    return [(cell, _lacking(params, paper, cell)) for cell in every if (cell.row, cell.column) not in here]


def systems_left_out(params: Params, paper: Paper) -> Needs:
    """The systems of a paper that this scale leaves out altogether."""
    if not params.left_out:
        return {}
    every, here = with_every_corpus(params), systems_here(params, paper)
    needs: Needs = {}
    for cell in _all_cells(every, paper):
        needs.setdefault(cell.system, []).extend(_lacking(params, paper, cell))
    for run in detector_runs(every, paper):
        needs.setdefault(run.system, []).extend(left_out_of(params, [run.corpus]))
    return {name: list(dict.fromkeys(needs[name])) for name in paper.systems if name in needs and name not in here}


def systems_here(params: Params, paper: Paper) -> set[str]:
    """The systems of a paper of which this scale computes anything."""
    detectors = {run.system for run in detector_runs(params, paper)}
    return detectors | {cell.system for cell in _all_cells(params, paper)}


def scorable(params: Params, paper: Paper) -> set[tuple[str, str, str]]:
    """(corpus, target, system) of what a paper's cells score; systems with a list of sources score them pooled, too."""
    return {
        (cell.corpus, target, cell.system)
        for cell in _all_cells(params, paper)
        for target in _targets(cell.target, paper.systems[cell.system].setting)
    }


def _targets(target: str, sources: list[str]) -> list[str]:
    return [*sources, OVERALL] if sources else [target]


def _all_cells(params: Params, paper: Paper) -> Iterator[Cell]:
    for table in paper.tables.values():
        yield from table_cells(params, paper, table)
    yield from calibration_cells(params, paper)


def _lacking(params: Params, paper: Paper, cell: Cell) -> list[str]:
    """The corpora left out that a cell needs: its own, those that its network is trained on, its detector's."""
    system = paper.systems[cell.system]
    kind = kind_of(system)
    runs = kind.runs_of_cell(with_every_corpus(params), cell.corpus, cell.target, cell.system, system)
    trained = (corpus for run in runs for corpus in kind.trained_on(run, system))
    gate = [system.gate.corpus] if cell.variant == BY_DETECTOR and system.gate else []
    return left_out_of(params, [cell.corpus, *trained, *gate])


def left_out_of(params: Params, corpora: Iterable[str | None]) -> list[str]:
    """Those of some corpora that this scale leaves out, each once."""
    return [name for name in dict.fromkeys(corpora) if name in params.left_out]  # type: ignore[misc]


def recorded(params: Params, corpora: Iterable[str]) -> list[str]:
    """Corpora left out by the recordings that they have: of a view, the corpus of which it is one."""
    names = []
    for name in corpora:
        source = params.every_corpus[name].of
        names.append(source if source in params.left_out else name)
    return list(dict.fromkeys(names))  # type: ignore[arg-type]


def needs(params: Params, corpora: Iterable[str]) -> str:
    """What is needed, in words: ``needs MedleyDB + Mixing Secrets``."""
    titles = [params.every_corpus[name].title for name in recorded(params, corpora)]
    return f"needs {' and '.join(dict.fromkeys(titles))}"
