"""A run: one training, or the scoring of one oracle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reprosep.papers.system import System
from reprosep.params.scale import Params

INSTRUMENTS = "instruments"  # the target of a detector
ACCOMPANIMENT = "accompaniment"  # the source that is every stem of no other source
OVERALL = "overall"  # the target of a cell that pools the scores of all sources of its system


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


def side_by_side(params: Params, runs: Iterable[tuple[Run, System]]) -> dict[str, list[str]]:
    """Ids of runs that one process trains, and one scores, by name.

    They are the targets of a corpus, system and seed; of systems with one target there, the systems of that target.
    """
    shared = params.machine.side_by_side and params.training.gpu <= 1  # several devices are for one training
    pairs = list(runs) if shared else []
    of_systems = _several((f"{run.corpus}_{run.system}_s{run.seed}", run.id) for run, _ in pairs)
    grouped = {name for members in of_systems.values() for name in members}
    left = [run for run, system in pairs if system.kind == "target" and run.id not in grouped]
    return of_systems | _several((f"{run.corpus}_{run.target}_systems_s{run.seed}", run.id) for run in left)


def _several(named: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Groups of two and more, by name."""
    groups: dict[str, list[str]] = {}
    for name, member in named:
        groups.setdefault(name, []).append(member)
    return {name: sorted(members) for name, members in groups.items() if len(members) > 1}


def targets_of(params: Params, corpus: str) -> list[str]:
    """The targets of a corpus; none of one that this scale lacks."""
    return params.corpora[corpus].targets if corpus in params.corpora else []
