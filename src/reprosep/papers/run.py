"""A run: one training, or the scoring of one oracle; what it reads, and the variants in which it is scored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reprosep.papers.system import BY_DETECTOR, System, Variant
from reprosep.params.scale import Params

INSTRUMENTS = "instruments"  # the target of a detector


@dataclass(frozen=True, order=True)
class Run:
    """One training, or the scoring of one oracle (seed None). `sources` are those of a joint system."""

    corpus: str
    target: str
    system: str
    seed: int | None
    sources: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """What it estimates."""
        return self.sources or (self.target,)

    @property
    def id(self) -> str:
        """A readable slug that any file system takes."""
        name = f"{self.corpus}_{self.target}_{self.system}"
        return name if self.seed is None else f"{name}_s{self.seed}"


def side_by_side(params: Params, runs: Iterable[Run]) -> dict[str, list[str]]:
    """Ids of runs that one process trains, and one scores, by name: the targets of a corpus, system and seed."""
    groups: dict[str, list[str]] = {}
    shared = params.machine.side_by_side and params.training.gpu <= 1  # several devices are for one training
    for run in runs if shared else ():
        groups.setdefault(f"{run.corpus}_{run.system}_s{run.seed}", []).append(run.id)
    return {name: sorted(members) for name, members in groups.items() if len(members) > 1}


def targets_of(params: Params, corpus: str) -> list[str]:
    """The targets of a corpus; none of one that this scale lacks."""
    return params.corpora[corpus].targets if corpus in params.corpora else []


def scored_on(params: Params, run: Run, system: System) -> list[str]:
    """The corpora on which a run is scored: its own, or those that its system names, as far as they hold its target."""
    return [one for one in system.tested if run.target in targets_of(params, one)] or [run.corpus]


def corpora_of(params: Params, run: Run, system: System) -> list[str]:
    """All corpora that a run reads: its own first, then those that it is trained and scored on."""
    trained = [one.corpus for one in system.clips] if run.seed is not None else []
    trained += [system.added] if system.added else []
    return list(dict.fromkeys([run.corpus, *trained, *scored_on(params, run, system)]))


def gating_run(params: Params, corpus: str, system: System, seed: int | None) -> Run | None:
    """The detector's run by whose gate a run on a corpus is scored, too; None where this scale lacks it."""
    gate = system.gated_by
    if gate is None or gate.paper not in params.papers or gate.corpus not in params.corpora:
        return None
    if params.corpora[gate.corpus].of != corpus:
        return None
    return Run(gate.corpus, INSTRUMENTS, gate.system, seed)


def scored_variants(params: Params, run: Run, system: System) -> tuple[Variant, ...]:
    """The test-time variants in which a run is scored."""
    own = system.variants()
    return (*own, BY_DETECTOR) if gating_run(params, run.corpus, system, run.seed) else own
