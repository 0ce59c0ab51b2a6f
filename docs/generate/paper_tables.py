"""A table of a paper as it was published."""

from __future__ import annotations

from md_text import plain, table

from reprosep.papers.content import Entry, Table

_DECIBEL_DECIMALS = 2


def table_parts(name: str, content: Table) -> list[str]:
    """Heading, caption, printed values, what is wrong with them, and the rows and columns that have none."""
    notes = {(one.row, one.column): number for number, one in enumerate(content.doubtful, 1)}
    kept, columns = _printed(content)
    decimals = _decimals(content)
    rows = []
    for number in kept:
        row, values = content.rows[number], content.published[number]
        cells = [_cell(values[one], notes.get((_name(row), _name(content.columns[one]))), decimals) for one in columns]
        rows.append([_label(row), *cells])
    printed = table(["", *(_label(content.columns[one]) for one in columns)], rows, numbers=True) if rows else ""
    return [
        f"### {title(name)}",
        plain(content.caption),
        printed,
        *_doubtful(content),
        _unprinted(content, kept, columns),
    ]


def _printed(content: Table) -> tuple[list[int], list[int]]:
    """The numbers of the rows and of the columns in which anything is printed."""
    places = [
        (row, column)
        for row, values in enumerate(content.published)
        for column, value in enumerate(values)
        if value is not None
    ]
    return sorted({row for row, _ in places}), sorted({column for _, column in places})


def title(name: str) -> str:
    """The name of a table or figure in a paper file, as a heading."""
    return name.replace("-", " ").capitalize()


def _decimals(content: Table) -> int | None:
    """Decimals of all printed numbers: two, as of decibels, unless one has more; None for these."""
    floats = [value for values in content.published for value in values if isinstance(value, float)]
    return _DECIBEL_DECIMALS if all(round(one, _DECIBEL_DECIMALS) == one for one in floats) else None


def _doubtful(content: Table) -> list[str]:
    return [
        f"({number}) {plain(one.row)}, {plain(one.column)}: {plain(one.reason)}"
        for number, one in enumerate(content.doubtful, 1)
    ]


def _unprinted(content: Table, rows: list[int], columns: list[int]) -> str:
    """What is computed beside the printed numbers."""
    missing = [_label(row) for number, row in enumerate(content.rows) if number not in rows]
    missing += [_label(one) for number, one in enumerate(content.columns) if rows and number not in columns]
    if not columns:
        return f"Rows: {'; '.join(missing)}. Columns: {'; '.join(map(_label, content.columns))}."
    return f"Computed here without a printed number beside it: {'; '.join(missing)}." if missing else ""


def _name(entry: Entry) -> str:
    return " ".join(filter(None, [entry.label, entry.sublabel]))


def _label(entry: Entry) -> str:
    return plain(_name(entry))


def _cell(value: float | str | None, note: int | None, decimals: int | None) -> str:
    number = f"{value:.{decimals}f}" if isinstance(value, float) and decimals is not None else value
    shown = "" if value is None else plain(f"{value:,}" if isinstance(value, int) else number)
    return f"{shown} ({note})" if note else shown
