"""What networks were trained on, and under which terms that is: a line per corpus, from ``workflow/corpora/``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reprosep.corpora.registry import load_version
from reprosep.experiments.kinds import kind_of
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import Params


@dataclass(frozen=True)
class TrainingData:
    """The recordings of one corpus, or of one published version of it.

    `name` is its key here, `licence` the terms as its publisher has them, `page` where it is published.
    """

    name: str
    title: str
    licence: str
    page: str = ""
    citation: str = ""
    is_standin: bool = False

    @property
    def line(self) -> str:
        """All of it in one line."""
        where = f", {self.page}" if self.page else ""
        cited = f" (cite {self.citation})" if self.citation else ""
        return f"{self.title}: {self.licence}{where}{cited}"


def training_data(params: Params, run: Run, system: System) -> list[TrainingData]:
    """The recordings that a run was trained on."""
    return distinct(data for corpus in kind_of(system).trained_on(run, system) for data in _of_corpus(params, corpus))


def distinct(every: Iterable[TrainingData]) -> list[TrainingData]:
    """Each once, in the order of their first use."""
    return list(dict.fromkeys(every))


def _of_corpus(params: Params, corpus: str) -> list[TrainingData]:
    content = params.corpora[corpus]
    if content.standin is not None:
        licence = "composed and rendered by reprosep itself, no recording is in it; CC0 1.0"
        return [TrainingData(f"standin-{corpus}", content.title, licence, is_standin=True)]
    if not content.versions:
        return [TrainingData(corpus, content.title, "recordings of whoever trained; ask them for the terms")]
    versions = {name: load_version(name) for name in content.versions}
    return [
        TrainingData(name, version.title, version.licence, version.page, version.citation)
        for name, version in versions.items()
    ]
