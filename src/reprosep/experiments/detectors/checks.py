"""Detectors, the instruments that they know, and the systems that they gate, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from reprosep.base.errors import UserError, near_match
from reprosep.experiments.detectors.instruments import check_instruments, instruments_of_class
from reprosep.experiments.gates import gating_run
from reprosep.experiments.runs import detector_runs, needed_runs
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.system import DetectorSystem
from reprosep.params.scale import Params


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
        (run, paper.systems[run.system].gate)
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
        gate, where = system.gate, f"paper file: systems.{name}.gated_by"
        if gate is None or gate.paper not in params.papers:
            continue
        systems = load_paper(gate.paper).systems.items()
        known = {key: one.detects for key, one in systems if isinstance(one, DetectorSystem)}
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
