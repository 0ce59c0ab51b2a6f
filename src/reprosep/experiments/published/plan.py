"""Runs of published methods: one per method, with all the targets that were handed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprosep.corpora.score_files import is_there
from reprosep.experiments.kind import Kind
from reprosep.papers.run import Run
from reprosep.papers.system import PublishedSystem
from reprosep.params.scale import Params

_TARGET = "scores"  # in the name of a run, which has several


class PublishedKind(Kind[PublishedSystem]):
    """A run has no seed and no estimates: it is read from files, one per song."""

    folder = "published"
    separates = False

    def seeds(self, params: Params) -> Sequence[None]:
        return [None]

    def runs_of_cell(
        self, params: Params, corpus: str, target: str, name: str, system: PublishedSystem
    ) -> Iterator[Run]:
        yield Run(corpus, _TARGET, name, None, tuple(system.targets))

    def has_target(self, params: Params, corpus: str, target: str, system: PublishedSystem) -> bool:
        """Of methods that are there, or where none is yet, of all that are going to be."""
        content = params.corpora[corpus]
        return target in system.targets and content.kind == "scores" and is_there(content, system.method)

    def targets(self, params: Params, corpus: str, target: str, system: PublishedSystem) -> list[str]:
        return system.targets

    def training_files(self, run: Run, system: PublishedSystem) -> list[str]:
        raise TypeError("published methods are not trained")

    def scoring_files(self, params: Params, run: Run, system: PublishedSystem) -> list[str]:
        return []

    def scoring_keys(self, params: Params, run: Run, system: PublishedSystem) -> tuple[str, ...]:
        return ("corpora.<corpus>.roots", "corpora.<corpus>.versions")
