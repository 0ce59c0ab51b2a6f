"""What of a paper's tables and figures a scale leaves out, for want of the corpora that it leaves out.

As :mod:`.reads` it is what plans tell of: nothing here needs pandas, matplotlib or torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reprosep.experiments.cells import table_cells
from reprosep.experiments.left_out import Needs, cells_left_out, left_out_of, systems_here, systems_left_out
from reprosep.papers.content import Entry, Figure, Paper, Table
from reprosep.params.scale import Params


@dataclass(frozen=True)
class LeftOutCell:
    """A cell of a table of any kind that a scale leaves out, and the corpora that it needs."""

    row: str
    column: str
    metric: str
    published: float | None
    corpora: tuple[str, ...]


def left_out_cells(params: Params, paper: Paper, table: Table) -> list[LeftOutCell]:
    """The cells of a table that this scale leaves out, row by row."""
    if not params.left_out:
        return []
    if table.kind == "scores":
        found = cells_left_out(params, paper, table)
        return [LeftOutCell(one.row, one.column, one.metric, one.published, tuple(names)) for one, names in found]
    return list(_of_rows(params, paper, table))


def _of_rows(params: Params, paper: Paper, table: Table) -> Iterator[LeftOutCell]:
    """Those of a table whose rows are corpora or systems."""
    systems = systems_left_out(params, paper)
    for entry, printed in zip(table.rows, table.published, strict=True):
        names = left_out_of(params, [entry.corpus]) or systems.get(entry.system or "", [])
        for column, published in zip(table.columns, printed, strict=True) if names else ():
            metric = column.cost or column.count or column.measure or ""
            number = published if isinstance(published, (int, float)) else None
            yield LeftOutCell(row_name(entry), column.label, metric, number, tuple(names))


def row_name(entry: Entry) -> str:
    """The name of a row in a tidy table."""
    return f"{entry.label} {entry.sublabel}".strip()


def title(name: str) -> str:
    """The name of a table or figure as people read it: ``Table 4 extension``."""
    return name.replace("-", " ").capitalize()


def tables_left_out(params: Params, paper: Paper) -> Needs:
    """What of a paper's tables is left out: whole tables, else rows and columns, else cells, by names people read."""
    return {
        name: corpora
        for key, table in paper.tables.items()
        for name, corpora in _parts(title(key), left_out_cells(params, paper, table), _here(params, paper, table))
    }


def whole_table_left_out(params: Params, paper: Paper, table: Table) -> list[str]:
    """The corpora that a table needs of which this scale has no cell; none where it has one."""
    cells = left_out_cells(params, paper, table)
    return _corpora(cells) if cells and not _here(params, paper, table) else []


def _here(params: Params, paper: Paper, table: Table) -> set[tuple[str, str]]:
    """(row, column) of the cells of a table that this scale has."""
    if table.kind == "scores":
        return {(cell.row, cell.column) for cell in table_cells(params, paper, table)}
    systems = systems_here(params, paper)
    rows = [row for row in table.rows if row.corpus in params.corpora or row.system in systems]
    return {(row_name(row), column.label) for row in rows for column in table.columns}


def _parts(name: str, cells: list[LeftOutCell], here: set[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Names of what is left out of a table with the corpora that each needs."""
    if cells and not here:
        yield name, _corpora(cells)
        return
    whole = {cell.row for cell in cells} - {row for row, _ in here}
    for row in dict.fromkeys(cell.row for cell in cells if cell.row in whole):
        yield f"{name}, row {row}", _corpora(cell for cell in cells if cell.row == row)
    others = [cell for cell in cells if cell.row not in whole]
    empty = {cell.column for cell in others} - {column for _, column in here}
    for column in dict.fromkeys(cell.column for cell in others if cell.column in empty):
        yield f"{name}, column {column}", _corpora(cell for cell in others if cell.column == column)
    for cell in others:
        if cell.column not in empty:
            yield f"{name}, {cell.row}, {cell.column}", list(cell.corpora)


def _corpora(cells: Iterable[LeftOutCell]) -> list[str]:
    return list(dict.fromkeys(corpus for cell in cells for corpus in cell.corpora))


def figure_left_out(params: Params, paper: Paper, figure: Figure) -> list[str]:
    """The corpora that a figure needs which this scale leaves out; none where it has something to show."""
    named = figure.corpora or [figure.bind.corpus or ""]
    lacking = left_out_of(params, named)
    if lacking and not any(name in params.corpora for name in named):
        return lacking
    return systems_left_out(params, paper).get(figure.bind.system or "", [])


def figure_parts_left_out(params: Params, figure: Figure) -> list[str]:
    """The corpora of several that a figure compares which this scale leaves out."""
    return left_out_of(params, figure.corpora)


def figures_left_out(params: Params, paper: Paper) -> Needs:
    """The figures of a paper that this scale leaves out, by names people read; of others, the corpora not shown."""
    found: Needs = {}
    for key, figure in paper.figures.items():
        if corpora := figure_left_out(params, paper, figure):
            found[title(key)] = corpora
        else:
            for name in figure_parts_left_out(params, figure):
                found[f"{title(key)}, {params.every_corpus[name].title}"] = [name]
    return found
