"""The cells of a paper's tables and of its calibration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from reprosep.base.errors import UserError, near_match
from reprosep.experiments.kinds import kind_of
from reprosep.papers.calibration import Calibration, value_name
from reprosep.papers.content import SPREAD, STATISTICS, TRIPLE, Entry, Paper, Table
from reprosep.papers.measures import Metric, Statistic
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import BY_DETECTOR, WIENER, System, Variant
from reprosep.params.scale import Params


@dataclass(frozen=True)
class Cell:
    """One number of a table: what identifies it and what the paper printed."""

    row: str
    column: str
    corpus: str
    target: str
    system: str
    variant: Variant
    metric: Metric
    published: float | None
    doubtful: str = ""
    statistic: Statistic = "median"


def table_cells(params: Params, paper: Paper, table: Table) -> list[Cell]:
    """The cells of a table of scores whose corpus has the target, row by row; one per statistic."""
    if table.kind != "scores":
        return []
    cells: list[Cell] = []
    for row, values in zip(table.rows, table.published, strict=True):
        for column, published in zip(table.columns, values, strict=True):
            for statistic in table.statistics():
                cell = _cell(table, row, column, published, statistic)
                if has_target(params, paper, cell.corpus, cell.target, cell.system) and is_scored_in(
                    params, cell.corpus, cell.system, paper.systems[cell.system], cell.variant
                ):
                    cells.append(cell)
    return cells


def cells_refused(params: Params, paper: Paper) -> dict[str, list[str]]:
    """System -> why it does not estimate targets that its corpora have, each reason once."""
    reasons: dict[str, list[str]] = {}
    for table in paper.tables.values():
        for row, column in product(table.rows, table.columns) if table.kind == "scores" else ():
            cell = _cell(table, row, column, None, table.main)
            if cell.corpus in params.corpora and cell.target in targets_of(params, cell.corpus):
                system = paper.systems[cell.system]
                if reason := kind_of(system).why_not(params, cell.corpus, cell.target, system):
                    reasons.setdefault(cell.system, []).append(reason)
    return {name: list(dict.fromkeys(found)) for name, found in reasons.items()}


def has_target(params: Params, paper: Paper, corpus: str, target: str, name: str) -> bool:
    """Whether a system estimates a target on a corpus of this scale, beside the papers of this scale."""
    system = paper.systems[name]
    beside = system.beside is None or system.beside in params.papers
    wanted = not system.targets or target in system.targets
    here = corpus in params.corpora and beside and wanted
    return here and kind_of(system).has_target(params, corpus, target, system)


def is_scored_in(params: Params, corpus: str, name: str, system: System, variant: Variant) -> bool:
    """Whether a system of that name is scored in a variant on a corpus: detectors and filters are not everywhere."""
    if variant not in (BY_DETECTOR, WIENER):
        return True  # one that the system lacks is told of as an error, and not left out
    return variant in kind_of(system).variants(params, Run(corpus, "", name, None), system)


def column_name(column: str, form: str, statistic: Statistic) -> str:
    """The name of a column in a tidy table."""
    return f"{column} ({statistic})" if form == SPREAD else column


def _published(value: float | str | None, table: Table, statistic: Statistic) -> float | None:
    if isinstance(value, str):
        match = TRIPLE.match(value)
        assert match
        return float(match[1 + STATISTICS.index(statistic)])
    return value if statistic == table.main else None


def _cell(table: Table, row: Entry, column: Entry, published: float | str | None, statistic: Statistic) -> Cell:
    def bound(key: str) -> str:
        values = [getattr(part, key) for part in (row, column, table.bind) if getattr(part, key) is not None]
        if not values:
            raise UserError(f"paper file: the cell ({row.label}, {column.label}) has no {key}; bind it in the table")
        return str(values[0])

    name = f"{row.label} {row.sublabel}".strip()
    reasons = [
        item.reason
        for item in table.doubtful
        if (item.row, item.column) == (name, column.label) and item.statistic in (None, statistic)
    ]
    return Cell(
        row=name,
        column=column_name(column.label, table.form, statistic),
        published=_published(published, table, statistic),
        doubtful=reasons[0] if reasons else "",
        statistic=statistic,
        **{key: bound(key) for key in ("corpus", "target", "system", "variant", "metric")},  # type: ignore[arg-type]
    )


def calibration_cells(params: Params, paper: Paper) -> list[Cell]:
    """The values of a paper's calibration, by corpus, target and system: in its tables, and measured besides.

    A doubtful published value counts as none.
    """
    if paper.calibration is None:
        return []
    cells: dict[tuple[str, str, str], Cell] = {}
    for cell in (cell for table in paper.tables.values() for cell in table_cells(params, paper, table)):
        if paper.systems[cell.system].is_oracle and cell.metric == paper.calibration.metric:
            sure = replace(cell, published=None) if cell.doubtful else cell
            cells.setdefault((cell.corpus, cell.target, cell.system), sure)
    for corpus, target, system in _measured(params, paper.calibration):
        label, metric = paper.systems[system].label, paper.calibration.metric
        cells.setdefault((corpus, target, system), Cell(target, label, corpus, target, system, "none", metric, None))
    order = [(c, t, s) for c, content in params.corpora.items() for t in content.targets for s in paper.systems]
    return sorted(cells.values(), key=lambda cell: order.index((cell.corpus, cell.target, cell.system)))


def _measured(params: Params, calibration: Calibration) -> Iterator[tuple[str, str, str]]:
    for part in calibration.measured:
        targets = params.corpora[part.corpus].targets if part.corpus in params.corpora else []
        for target in targets:
            if part.targets is None or target in part.targets:
                yield from ((part.corpus, target, system) for system in part.systems)


def check_accepted(params: Params, papers: Iterable[Paper]) -> None:
    """:class:`UserError` for the first name in ``calibration.accept`` that is no calibration value of any paper."""
    known = [value_name(c.corpus, c.target, c.system) for paper in papers for c in calibration_cells(params, paper)]
    for name in params.calibration.accept:
        if name not in known:
            raise UserError(
                f"params: calibration.accept: '{name}' is no value of a calibration{near_match(name, known)}; "
                "write corpus/target/system, e.g. mm/vocals/ibm"
            )
