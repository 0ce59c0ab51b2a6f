"""The kinds of figures and tables: what a paper file says of one, and which files it is made from.

A new kind is an entry here, a file with its rows and its drawing, and a line in :mod:`reprosep.results.figure_kinds` or
:mod:`reprosep.results.table_kinds`.

Conventions
-----------
Files that are read are names below ``results/<scale>``, each with one place, for which :mod:`reprosep.results.reads`
puts all that the figure or table shows: ``{corpus}`` a corpus of this scale; ``{run}`` a run of its systems,
``{training}`` one that is trained, ``{detector}`` one of a detector; ``{gate}`` the detector's run by whose gate such a
run is scored, too; ``{paper}`` the paper's own name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reprosep.base.errors import near_match
from reprosep.papers.content import Entry, Figure, Paper, Table

LISTENING = "papers/{paper}/listen/index.json"  # tells the content of the spectrograms beside it
SCORES, ACTIVITY = "scores/{run.id}.parquet", "scores/{run.id}.activity.parquet"
DETECTIONS, TRAINING = "scores/{detector.id}.parquet", "runs/{training.id}/run.json"
LABELS = "{run.corpus}/activity/index.parquet"
CATALOG, SPECTRA = "{corpus}/catalog.parquet", "{corpus}/spectra.parquet"


def _nothing(paper: Paper, figure: Figure) -> str | None:
    return None


def _compares(paper: Paper, figure: Figure) -> str | None:
    return None if figure.corpora else f"corpora: empty, but '{figure.kind}' compares corpora; list them"


def _has_amounts(paper: Paper, figure: Figure) -> str | None:
    """Two corpora, the first of them its own, and networks that are trained on shares of them."""
    if len(figure.corpora) != 2 or figure.corpora[0] != figure.bind.corpus:
        return (
            f"corpora: {figure.corpora}, but '{figure.kind}' compares amounts of two, bind.corpus and one that is "
            "added; list them in this order"
        )
    if not any(getattr(system, "added", None) == figure.corpora[1] for system in paper.systems.values()):
        return f"corpora: no system has {figure.corpora[1]} added; list the corpus that some have"
    return None


def _is_of_a_detector(paper: Paper, figure: Figure) -> str | None:
    problem = detector_problem(paper, figure.bind.system)
    return problem and f"bind.system: {problem}"


def detector_problem(paper: Paper, name: str | None) -> str | None:
    """Why a name is not that of a detector, as a sentence; None when it is."""
    known = [key for key, system in paper.systems.items() if system.scored == "seconds"]
    return None if name in known else f"'{name}' is no detector; allowed: {', '.join(known)}"


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure as it is planned.

    Parameters
    ----------
    binds
        Keys of ``bind`` without which it is nothing.
    reads
        The files that it is made from.
    has_rows
        Whether its data are rows, written as CSV.
    problem
        The first of its other keys that is wrong, as a sentence; None when none is.
    """

    binds: tuple[str, ...]
    reads: tuple[str, ...]
    has_rows: bool = True
    problem: Callable[[Paper, Figure], str | None] = _nothing


FIGURE_KINDS: dict[str, FigureKind] = {
    "spectrograms": FigureKind(("corpus", "system"), (LISTENING,), has_rows=False),
    "activity": FigureKind(("corpus", "system"), (ACTIVITY, LABELS, "scores/{gate.id}.parquet")),
    "gains": FigureKind(("corpus", "system"), (SCORES,)),
    "distributions": FigureKind(("corpus", "variant", "metric"), (SCORES,)),
    "ranks": FigureKind(("corpus", "variant", "metric"), (SCORES,)),
    "pairs": FigureKind(("corpus", "variant", "metric"), (SCORES,)),
    "energies": FigureKind(("corpus",), ("{corpus}/energies.parquet",)),
    "categories": FigureKind(("corpus",), (CATALOG,)),
    "spectra": FigureKind((), (SPECTRA,), problem=_compares),
    "instruments": FigureKind(
        ("corpus",),
        (DETECTIONS, "{detector.corpus}/seconds/index.parquet", "{detector.corpus}/seconds/labels.parquet"),
    ),
    "confusions": FigureKind(("corpus",), (DETECTIONS,), problem=_is_of_a_detector),
    "amounts": FigureKind(("corpus", "variant", "metric"), (SCORES,), problem=_has_amounts),
}


@dataclass(frozen=True)
class TableKind:
    """A kind of table as it is planned.

    Parameters
    ----------
    columns
        Keys that every column has, and no column of another kind.
    reads
        The files that it is made from.
    has_frames
        Whether there is a second table of it, on common frames.
    of_detectors
        Whether its rows are detectors.
    statistics
        What its published values are, as claims name it; None where the form of the table tells it.
    """

    columns: tuple[str, ...]
    reads: tuple[str, ...]
    has_frames: bool = False
    of_detectors: bool = False
    statistics: tuple[str, ...] | None = ()

    def published_statistics(self, table: Table) -> tuple[str, ...]:
        """What the published values of a table are, as claims name it."""
        return table.statistics() if self.statistics is None else self.statistics


TABLE_KINDS: dict[str, TableKind] = {
    "scores": TableKind((), (SCORES,), has_frames=True, statistics=None),
    "costs": TableKind(("cost",), (TRAINING,), statistics=("count",)),
    "corpora": TableKind(("count",), (CATALOG,)),
    "detection": TableKind(("measure", "seconds"), (DETECTIONS,), of_detectors=True, statistics=("pooled",)),
}


def kind_problem(paper: Paper) -> str | None:
    """The first figure or table that does not say what its kind needs, as a sentence; None when all do."""
    for name, table in paper.tables.items():
        if problem := _unknown(table.kind, TABLE_KINDS) or _table_problem(paper, table):
            return f"tables.{name}.{problem}"
    for name, figure in paper.figures.items():
        if problem := _unknown(figure.kind, FIGURE_KINDS) or _figure_problem(paper, figure):
            return f"figures.{name}.{problem}"
    return None


def _unknown(kind: str, known: dict[str, FigureKind] | dict[str, TableKind]) -> str | None:
    if kind in known:
        return None
    return f"kind: unknown kind '{kind}'{near_match(kind, known)}; allowed: {', '.join(known)}"


def _figure_problem(paper: Paper, figure: Figure) -> str | None:
    kind = FIGURE_KINDS[figure.kind]
    for key in kind.binds:
        if getattr(figure.bind, key) is None:
            return f"bind.{key}: missing, but '{figure.kind}' shows one; name it"
    return kind.problem(paper, figure)


def _table_problem(paper: Paper, table: Table) -> str | None:
    for number, column in enumerate(table.columns):
        if problem := _column_problem(table.kind, column):
            return f"columns.{number}: {problem}"
    for row in table.rows if TABLE_KINDS[table.kind].of_detectors else []:
        if problem := detector_problem(paper, row.system):
            return f"rows: {problem}"
    return None


def _column_problem(kind: str, column: Entry) -> str | None:
    """Whether a column has all the keys of its kind, and none of another kind."""
    for name, other in TABLE_KINDS.items():
        values = {key: getattr(column, key) for key in other.columns}
        if any((value is None) == (name == kind) for value in values.values()):
            given = ", ".join(f"{key} {value or 'missing'}" for key, value in values.items())
            return (
                f"{given} in a table of kind '{kind}'; one of kind '{name}' needs {' and '.join(values)} in every "
                "column, others have none"
            )
    return None
