"""Where the quantities of a comparison come from: scores of songs, detectors, activity heads or spectra of corpora."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from reprosep.claims.cases import Case, Part
from reprosep.claims.detector_quantities import DetectorTerms
from reprosep.claims.effects import Term
from reprosep.claims.head_quantities import HeadTerms
from reprosep.claims.score_quantities import Compared, OfSongs, compare
from reprosep.claims.spectrum_quantities import SpectrumTerms
from reprosep.papers.claim import OF_DETECTORS, OF_HEADS, Claim
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores


class Source(Protocol):
    """What measures the parts of a comparison."""

    @property
    def in_frames(self) -> bool:
        """Whether there are frames that one side may lack."""

    def terms(self, case: Case, common: bool) -> tuple[list[Term], int]:
        """The quantities of a comparison, and how many songs were left out for lack of a score on some side."""


@dataclass(frozen=True)
class ScoreTerms:
    """Quantities from scores of separated songs."""

    paper: Paper
    claim: Claim
    scores: Scores

    @property
    def in_frames(self) -> bool:
        """Songs that are scored as a whole have a single frame."""
        return any(self.paper.systems[side.system].scored == "frames" for side in self.claim.sides)

    def terms(self, case: Case, common: bool) -> tuple[list[Term], int]:
        """Those of a comparison; the two sides of one target and metric are one quantity, on the same songs."""
        weighted = [(part.weight, self._quantity(part, common)) for part in case.parts]
        terms = [Term(weight, one.quantity) for weight, one in weighted]
        return terms, max(one.left_out for _, one in weighted)

    def _quantity(self, part: Part, common: bool) -> Compared:
        sides = [(side.system, side.variant) for side in part.sides]
        trained = [self.paper.systems[side.system].trainings(side.system) for side in part.sides]
        statistic = cast(OfSongs, self.claim.statistic)
        named = list(zip(sides, trained, strict=True))
        return compare(self.scores, self.claim.corpus, part.target, named, part.metric, statistic, common)


def source_of(params: Params, paper: Paper, claim: Claim, results: Path, scores: Scores) -> Source:
    """What measures the comparisons of a claim."""
    if claim.is_of_spectra:
        return SpectrumTerms(params, claim, results)
    if claim.metric in OF_DETECTORS and paper.systems[claim.left[0].system].scored == "seconds":
        return DetectorTerms(params, paper, claim, results)
    if claim.metric in OF_HEADS:
        return HeadTerms(params, paper, claim, results)
    return ScoreTerms(paper, claim, scores)
