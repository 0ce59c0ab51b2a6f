"""On which corpora a network that is trained on clips is scored."""

from __future__ import annotations

from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import ClipsSystem
from reprosep.params.scale import Params


def scored_on(params: Params, run: Run, system: ClipsSystem) -> list[str]:
    """Those that its system names, as far as they hold the run's target, else the run's own."""
    return [one for one in system.tested if run.target in targets_of(params, one)] or [run.corpus]
