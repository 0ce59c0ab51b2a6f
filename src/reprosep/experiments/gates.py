"""Which detector gates a run of a network with an activity head, too."""

from __future__ import annotations

from reprosep.papers.run import INSTRUMENTS, Run
from reprosep.papers.system import AnySystem
from reprosep.params.scale import Params


def gating_run(params: Params, corpus: str, system: AnySystem, seed: int | None) -> Run | None:
    """The detector's run by whose gate a run on a corpus is scored, too; None where this scale lacks it.

    Detectors have the seeds of the scale: a run with another one, which only some paper has, is scored without them.
    """
    gate = system.gate
    if gate is None or gate.paper not in params.papers or gate.corpus not in params.corpora:
        return None
    if params.corpora[gate.corpus].of != corpus or (seed is not None and seed not in params.seeds):
        return None
    return Run(gate.corpus, INSTRUMENTS, gate.system, seed)
