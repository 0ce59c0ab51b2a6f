"""Paper files, read and checked before anything runs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.base.validation import explain
from reprosep.papers.claim_checks import check_claims, filter_problem
from reprosep.papers.content import SPREAD, TRIPLE, Paper
from reprosep.papers.kinds import kind_problem
from reprosep.papers.system import System


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
    if problem := paper.own_problem():
        raise UserError(f"{path.name}: {problem}")
    _check_systems(path, paper)
    _check_filters(path, paper)
    _check_shapes(path, paper)
    if problem := kind_problem(paper):
        raise UserError(f"{path.name}: {problem}")
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


def _check_filters(path: Path, paper: Paper) -> None:
    for name, table in paper.tables.items():
        for row, column in product(table.rows, table.columns):
            parts = (row, column, table.bind)
            system = next((part.system for part in parts if part.system), None)
            variant = next((part.variant for part in parts if part.variant), None)
            if system and (problem := filter_problem(paper, system, variant)):
                raise UserError(f"{path.name}: tables.{name}.{problem}")


def _borrowing_problem(paper: Paper, system: System) -> str | None:
    """Whether the system whose networks another one is scored with is there, trained, and has activity heads."""
    name = system.networks_of
    if not name:
        return None
    known = [key for key, one in paper.systems.items() if one.kind == "target" and one.trained and one.has_head]
    if name in known:
        return None
    return f"of: '{name}' is no trained network of one target with an activity head; allowed: {', '.join(known)}"


def _check_systems(path: Path, paper: Paper) -> None:
    used = {entry.system for table in paper.tables.values() for entry in [*table.rows, *table.columns, table.bind]}
    used |= set(paper.listen)
    for name in sorted(filter(None, used)):
        if name not in paper.systems:
            raise UserError(f"{path.name}: unknown system '{name}'{near_match(name, paper.systems)}")
    for name, system in paper.systems.items():
        if problem := system.problem():
            raise UserError(f"{path.name}: systems.{name}.{problem}")
        if problem := _borrowing_problem(paper, system):
            raise UserError(f"{path.name}: systems.{name}.{problem}")
    oracles = [name for name, system in paper.systems.items() if system.is_oracle]
    printed = [name for name in oracles if name in used]
    if paper.calibration and (problem := paper.calibration.problem(oracles, printed)):
        raise UserError(f"{path.name}: {problem}")
