"""Where a Wiener filter has an estimate for every source of a mixture, and whose estimates those are.

A corpus whose mixtures are the sum of its stems (``mixing: sources``) is separated by the runs of all its targets. What
they leave of it may be one source more, the residual.
"""

from __future__ import annotations

from dataclasses import replace

from reprosep.experiments.published_weights import hears
from reprosep.papers.run import Run
from reprosep.papers.system import TargetSystem
from reprosep.params.agreement import known_targets
from reprosep.params.data import Corpus
from reprosep.params.scale import Params


def is_separated(corpus: Corpus) -> bool:
    """Whether the targets of a corpus, with a residual, are all that its mixtures hold."""
    return corpus.mixing == "sources"


def filtered_runs(params: Params, run: Run, system: TargetSystem) -> list[Run]:
    """The runs of a system and seed whose estimates are filtered together, in the order of the corpus's targets.

    None where the system is not filtered on that corpus; `run` is one of them.
    """
    if not (system.is_filtered and is_separated(params.corpora[run.corpus])):
        return []
    return [replace(run, target=target) for target in filtered_targets(params, run.corpus, system)]


def filtered_targets(params: Params, corpus: str, system: TargetSystem) -> list[str]:
    """The targets of a corpus that a system estimates, or that its published weights are of."""
    asked = [target for target in params.corpora[corpus].targets if not system.targets or target in system.targets]
    return [one for one in asked if not system.released or hears(params, corpus, one, system.released)]


def has_residual(params: Params, corpus: str, targets: list[str]) -> bool:
    """Whether what the targets leave of a mixture of a corpus is filtered as one source more.

    Where the parameters leave it open: unless these targets are all that a song of the corpus's layout consists of, as
    only MUSDB18's says. One target alone always has a residual, which its filter cannot do without.
    """
    choice, content = params.separation.wiener.residual, params.corpora[corpus]
    if choice == "auto":
        return content.kind != "musdb" or {*targets} != {*known_targets(content)}
    return choice == "always" or len(targets) == 1
