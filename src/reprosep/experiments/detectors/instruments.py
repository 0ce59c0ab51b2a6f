"""The instruments that activity detectors know, and the classes of the separation papers that they belong to.

References
----------
Gururani, Summers, Lerch (ISMIR 2018), of which the group's page says that there are 18; Hung and Lerch 2020, Section
4.2.3 (which of them are one class).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import pandas as pd

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.runs import detector_runs, needed_runs
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import gating_run
from reprosep.params.instruments import instrument_classes
from reprosep.params.scale import Params

TABLE = "workflow/detected-instruments.yaml"


@lru_cache(maxsize=1)
def instrument_table() -> dict[str, list[str]]:
    """Instrument -> labels of stems that are one, from ``workflow/detected-instruments.yaml``.

    Raises
    ------
    UserError
        When an instrument has no list of labels, or two have the same label.
    """
    content = read_yaml(repository() / TABLE).get("instruments")
    if not isinstance(content, dict):
        raise UserError(f"{TABLE}: instruments: missing; expected a mapping of instruments to labels of stems")
    for name, labels in content.items():
        if not isinstance(labels, list) or not labels:
            raise UserError(f"{TABLE}: instruments.{name}: {labels!r}, expected a list of labels of stems")
    table = {str(name): [str(label) for label in labels] for name, labels in content.items()}
    owner: dict[str, str] = {}
    for name, labels in table.items():
        for label in labels:
            if owner.setdefault(label.casefold(), name) != name:
                raise UserError(f"{TABLE}: label '{label}' is of '{owner[label.casefold()]}' and of '{name}'; keep one")
    return table


def check_instruments(params: Params) -> None:
    """:class:`UserError` for the first of ``detection.instruments`` that the table lacks."""
    known = instrument_table()
    for name in params.detection.instruments:
        if name not in known:
            raise UserError(
                f"params: detection.instruments: unknown instrument '{name}'{near_match(name, known)}; "
                f"add it to {TABLE} or take one of: {', '.join(known)}"
            )


def instruments_of(labels: Iterable[str], chosen: Sequence[str]) -> list[str | None]:
    """The chosen instrument of every label of a stem; None where it is none of them."""
    table = instrument_table()
    owner = {label.casefold(): name for name in chosen for label in table[name]}
    return [owner.get(str(label).casefold()) for label in labels]


def instruments_of_class(target: str, chosen: Sequence[str]) -> list[str]:
    """The chosen instruments all of whose labels are a class of the separation papers, such as ``vocals``."""
    labels = {label.casefold() for label in instrument_classes().get(target, [])}
    table = instrument_table()
    return [name for name in chosen if all(label.casefold() in labels for label in table[name])]


def with_instruments(stems: pd.DataFrame, chosen: Sequence[str]) -> pd.DataFrame:
    """The stems of a catalog that are one of the chosen instruments, named in the column ``instrument``."""
    named = stems.assign(instrument=pd.Series(instruments_of(stems["instrument"], chosen), stems.index, dtype=object))
    return named[named["instrument"].notna()]


def check_detection(params: Params, papers: Iterable[Paper]) -> None:
    """See that the detectors of papers know their instruments, and those of every target that they gate.

    Raises
    ------
    UserError
        With the first gate that no detector makes, instrument that the table lacks, or target without one.
    """
    every = list(papers)
    for paper in every:
        _check_gates(params, paper)
    if not any(detector_runs(params, paper) for paper in every):
        return
    check_instruments(params)
    gated = (
        (run, paper.systems[run.system].gated_by)
        for paper in every
        for run in needed_runs(params, paper)
        if gating_run(params, run.corpus, paper.systems[run.system], run.seed)
    )
    for run, gate in gated:
        if not instruments_of_class(run.target, params.detection.instruments):
            assert gate is not None
            raise UserError(
                f"params: detection.instruments: none of them is '{run.target}', a target that '{gate.system}' gates on"
                f" corpus '{run.corpus}'; add one, or take the paper '{gate.paper}' out of papers"
            )


def _check_gates(params: Params, paper: Paper) -> None:
    """Whether every detector that gates a system is one of the paper and the corpus that the system names."""
    for name, system in paper.systems.items():
        gate, where = system.gated_by, f"paper file: systems.{name}.gated_by"
        if gate is None or gate.paper not in params.papers:
            continue
        known = {key: one.detects for key, one in load_paper(gate.paper).systems.items() if one.is_detector}
        if gate.system not in known:
            allowed = f"allowed: {', '.join(known)}" if known else "name a paper of detectors"
            raise UserError(
                f"{where}.system: '{gate.system}' is no detector of '{gate.paper}'{near_match(gate.system, known)}; "
                f"{allowed}"
            )
        if gate.corpus != known[gate.system]:
            raise UserError(
                f"{where}.corpus: '{gate.corpus}', but '{gate.system}' detects on '{known[gate.system]}'; write that"
            )
