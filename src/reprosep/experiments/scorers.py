"""The scorers of runs, whatever their kind, and the scoring of runs as a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.experiments.kind import weights_of
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import settings_of_system
from reprosep.experiments.runs import find_run
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import Params, dump
from reprosep.scores.runs import score_runs
from reprosep.scores.scorer import Scorer
from reprosep.separation.device import estimating_device


def scorer_for(params: Params, run: Run, system: System, results: Path) -> Scorer[Any]:
    """The scorer of a run in ``results/<scale>``; :class:`UserError` when the run is not trained yet."""
    kind, own = kind_of(system), params.of_corpus(run.corpus)
    for one in kind.estimating_runs(params, run, system):
        if not (path := results / weights_of(one)).exists():
            used = "" if one == run else f", which the Wiener filter of {run.id} takes"
            raise UserError(f"{path}: no such file{used}; train the run first with `reprosep train {one.id}`")
    reads = kind.scoring_reads(params, run, system)
    for name in reads.resources:
        if not Path(name).is_file():
            raise UserError(f"{name}: no such file; bring it first with `reprosep get {Path(name).parent.name}`")
    stamp = reads.digest(results, dump(own), settings_of_system(system))
    scorer: Scorer[Any] = kind.module(kind.scores_part(system)).make_scorer(own, run, system, results, stamp)
    return scorer


def score(params: Params, identifiers: list[str], threads: int) -> None:
    """Score runs or oracles on the test songs; writes ``scores/<run>.parquet`` of each.

    Raises
    ------
    UserError
        When a run is not trained, or the device that networks are to estimate on is not there.
    """
    pairs = [find_run(params, identifier) for identifier in dict.fromkeys(identifiers)]
    if any(system.trained or system.published_weights for _, system in pairs):
        estimating_device(params.separation.device, "separation.device")  # before anything is computed
    score_runs([scorer_for(params, *pair, params.results) for pair in pairs], params.results / "scores", threads)
