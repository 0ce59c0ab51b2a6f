"""The stages of a scale: coarse parts of the line that DVC versions, each made by one Snakemake invocation.

A stage names the Snakemake files that it makes, what it depends on and what of it is versioned. Sound that is not the
project's own (decoded recordings, excerpts, the report that plays them) is never versioned: it cannot be pushed by
mistake. Everything else, weights and scores too, is.

Conventions
-----------
One stage per step and corpus (``catalog@<corpus>``), one per run (``train@<run>``), one per paper. A stage's *records*
are what Snakemake knows of its files (:mod:`.records`), versioned with them.
"""

from __future__ import annotations

from reprosep.dag.versions.paper_stages import PaperStages
from reprosep.dag.versions.stage import Stage


class Stages(PaperStages):
    """The stages of the parameters of one scale."""

    def stages(self) -> list[Stage]:
        """All stages, in the order of the line."""
        untrained = [self._untrained(name) for name in self.papers if self._untrained_of(name)]
        trainings = [self.training(identifier) for identifier in self.trained]
        papers = [self._paper(name) for name in self.papers]
        return [*self.corpus_stages(), *untrained, *trainings, self._scores(), *papers, self._report()]
