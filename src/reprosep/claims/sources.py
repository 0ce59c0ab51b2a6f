"""Where the quantities of a comparison come from: scores of songs, detectors, activity heads or spectra of corpora."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from reprosep.claims.cases import Case, Part
from reprosep.claims.detector_quantities import DetectorTerms
from reprosep.claims.effects import Term
from reprosep.claims.head_quantities import HeadTerms
from reprosep.claims.score_quantities import OfSongs, on_same_songs
from reprosep.claims.spectrum_quantities import SpectrumTerms
from reprosep.papers import Claim, Paper
from reprosep.papers.claim import OF_DETECTORS, OF_HEADS
from reprosep.params import Params
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
        return any(self.paper.systems[side.system].is_in_frames for side in self.claim.sides)

    def terms(self, case: Case, common: bool) -> tuple[list[Term], int]:
        """Those of a comparison; sides of one target and metric are measured on the same songs."""
        groups: dict[tuple[str, str], list[Part]] = {}
        for part in case.parts:
            groups.setdefault((part.target, part.metric), []).append(part)
        terms, left_out = [], 0
        for (target, metric), parts in groups.items():
            sides = [((part.side.system, part.side.variant), self._is_trained(part)) for part in parts]
            statistic = cast(OfSongs, self.claim.statistic)
            found = on_same_songs(self.scores, self.claim.corpus, target, sides, metric, statistic, common)
            terms += [Term(part.weight, one) for part, one in zip(parts, found.quantities, strict=True)]
            left_out = max(left_out, found.left_out)
        return terms, left_out

    def _is_trained(self, part: Part) -> bool:
        return self.paper.systems[part.side.system].oracle is None


def source_of(params: Params, paper: Paper, claim: Claim, results: Path, scores: Scores) -> Source:
    """What measures the comparisons of a claim."""
    if claim.is_of_spectra:
        return SpectrumTerms(params, claim, results)
    if claim.metric in OF_DETECTORS and paper.systems[claim.left[0].system].is_detector:
        return DetectorTerms(params, paper, claim, results)
    if claim.metric in OF_HEADS:
        return HeadTerms(params, paper, claim, results)
    return ScoreTerms(paper, claim, scores)
