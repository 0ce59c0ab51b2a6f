"""Paper files, read and checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.base.validation import explain
from reprosep.papers.claim_checks import check_claims
from reprosep.papers.content import SPREAD, TRIPLE, Paper


def load_paper(name: str) -> Paper:
    """The paper file of that name; :class:`UserError` when it is unknown or wrong."""
    folder = repository() / "workflow" / "papers"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise UserError(f"params: papers: unknown paper '{name}'{near_match(name, known)}; allowed: {', '.join(known)}")
    path = folder / f"{name}.yaml"
    try:
        paper = Paper.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path.name}: {explain(error, Paper, 'another paper file')}") from error
    _check_systems(path, paper)
    _check_shapes(path, paper)
    _check_corpora(path, paper)
    _check_detection(path, paper)
    check_claims(path, paper)
    return paper


def _check_shapes(path: Path, paper: Paper) -> None:
    for name, table in paper.tables.items():
        where = f"{path.name}: tables.{name}.published"
        rows, columns = len(table.rows), len(table.columns)
        if len(table.published) != rows:
            raise UserError(f"{where}: found {len(table.published)} lists of values, expected {rows}, one per row")
        for number, values in enumerate(table.published):
            for value in values:
                if isinstance(value, str) and not (table.form == SPREAD and TRIPLE.match(value)):
                    raise UserError(
                        f"{where}.{number}: '{value}', expected a number, or with form mean ± std (median) all"
                    )
            if len(values) != columns:
                raise UserError(
                    f"{where}.{number}: found {len(values)} values, expected {columns}, one per column; "
                    "write null where the paper prints nothing"
                )


def _check_corpora(path: Path, paper: Paper) -> None:
    """Whether tables and figures of corpora say what they count, and of which corpora."""
    for name, table in paper.tables.items():
        for number, column in enumerate(table.columns):
            if (table.kind == "corpora") != (column.count is not None):
                raise UserError(
                    f"{path.name}: tables.{name}.columns.{number}.count: {column.count or 'missing'} in a table of "
                    f"kind '{table.kind}'; one of kind 'corpora' needs it in every column, others have none"
                )
    for name, figure in paper.figures.items():
        if figure.kind == "spectra" and not figure.corpora:
            raise UserError(f"{path.name}: figures.{name}.corpora: empty, but 'spectra' compares corpora; list them")
        if figure.kind == "categories" and figure.bind.corpus is None:
            raise UserError(
                f"{path.name}: figures.{name}.bind.corpus: missing, but 'categories' counts the songs of one; name it"
            )


def _check_detection(path: Path, paper: Paper) -> None:
    """Whether tables and figures of detectors say what is detected, by whom and at which time scale."""
    for name, table in paper.tables.items():
        for number, column in enumerate(table.columns):
            if (table.kind == "detection") != bool(column.measure and column.seconds):
                raise UserError(
                    f"{path.name}: tables.{name}.columns.{number}: measure {column.measure or 'missing'}, seconds "
                    f"{column.seconds or 'missing'} in a table of kind '{table.kind}'; one of kind 'detection' needs "
                    "both in every column, others have none"
                )
        shown = [row.system for row in table.rows] if table.kind == "detection" else []
        _check_detectors(path, paper, f"tables.{name}.rows", shown)
    for name, figure in paper.figures.items():
        if figure.kind in ("instruments", "confusions") and figure.bind.corpus is None:
            raise UserError(
                f"{path.name}: figures.{name}.bind.corpus: missing, but '{figure.kind}' shows the detectors of one; "
                "name it"
            )
        if figure.kind == "confusions":
            _check_detectors(path, paper, f"figures.{name}.bind.system", [figure.bind.system])


def _check_detectors(path: Path, paper: Paper, where: str, named: Iterable[str | None]) -> None:
    for name in named:
        if name is None or name not in paper.systems or paper.systems[name].scored != "seconds":
            known = ", ".join(key for key, system in paper.systems.items() if system.scored == "seconds")
            raise UserError(f"{path.name}: {where}: '{name}' is no detector; allowed: {known}")


def _check_systems(path: Path, paper: Paper) -> None:
    used = {entry.system for table in paper.tables.values() for entry in [*table.rows, *table.columns, table.bind]}
    used |= set(paper.listen)
    for name in sorted(filter(None, used)):
        if name not in paper.systems:
            raise UserError(f"{path.name}: unknown system '{name}'{near_match(name, paper.systems)}")
    for name, system in paper.systems.items():
        if problem := system.problem():
            raise UserError(f"{path.name}: systems.{name}.{problem}")
    oracles = [name for name, system in paper.systems.items() if not system.trained]
    printed = [name for name in oracles if name in used]
    if paper.calibration and (problem := paper.calibration.problem(oracles, printed)):
        raise UserError(f"{path.name}: {problem}")
