"""What claims about detectors compare: AUC, LRAP and how far it lies above chance, and which instruments are confused.

Conventions
-----------
- All test songs are pooled, songs are drawn with all their clips. AUC is the mean over the instruments that have one in
  everything that is compared.
- *LRAP above chance* is (LRAP - chance) / (1 - chance): 0 for a detector that has not heard the song, 1 for a perfect
  one. Chance is the LRAP of the same detector when every song gets what was found in another: it rises with the number
  of instruments that play in a clip, and so with the length of clips.
- *rare* instruments are the half that plays in the fewest test clips, *frequent* ones the others.
- *confusion* of instruments: the share of the false negatives beside a false positive that are of an instrument, mean
  over ordered pairs. Of *related* pairs (the claim lists groups); *unrelated* is that for false positives of others,
  not related to it, which is what pairs without any relation would have.

References
----------
The group's page on Gururani, Summers, Lerch (ISMIR 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from reprosep.claims.cases import Case, single_sides
from reprosep.claims.effects import OfTrainings, Quantity, Resamples, Term
from reprosep.metrics.activity import confusions
from reprosep.papers.claim import Claim, Side
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.results.detection import Detections, auc_mean, lrap_of_draws, read_detections, whole, with_auc
from reprosep.results.intervals import Values
from reprosep.results.reads import detectors_of

_DONORS = 10  # other songs whose detections stand in for a song's own, for chance


@dataclass(frozen=True)
class DetectorQuantity(OfTrainings):
    """AUC or LRAP of one detector; a :class:`Detections` for every seed."""

    corpus: str
    group: str
    system: str
    detections: Sequence[Detections]
    metric: str
    instruments: Sequence[str]
    seed: int = 0

    @property
    def songs(self) -> list[str]:
        """The songs that it is of."""
        return self.detections[0].songs

    @cached_property
    def by_seed(self) -> Values:
        """The measure of every training."""
        if self.metric == "AUC":
            return np.array([whole(one, "AUC", self.instruments) for one in self.detections])
        once = np.ones((1, len(self.songs)))
        return np.array([self._ranked(place, once)[0] for place in range(len(self.detections))])

    def drawn(self, resamples: Resamples) -> Values:
        """The measure of every resample, mean over seeds."""
        if self.metric == "AUC":
            each = [auc_mean(one, self.instruments, resamples.times) for one in self.detections]
        else:
            each = [self._ranked(place, resamples.times) for place in range(len(self.detections))]
        return np.asarray(np.mean(each, axis=0))

    def _ranked(self, place: int, times: Values) -> Values:
        own = lrap_of_draws(self.detections[place], times)
        if self.metric == "LRAP":
            return own
        chance = np.mean([lrap_of_draws(one, times) for one in self._exchanged[place]], axis=0)
        return np.asarray((own - chance) / (1 - chance))

    @cached_property
    def _exchanged(self) -> list[list[Detections]]:
        """Of every seed: the detections with those of another song in the place of each song's own, several times."""
        songs = list(np.random.default_rng(self.seed).permutation(self.songs))
        shifts = range(1, min(_DONORS, len(songs) - 1) + 1)
        return [[_exchange(one, songs, shift) for shift in shifts] for one in self.detections]


def _exchange(detections: Detections, songs: list[str], shift: int) -> Detections:
    donors = dict(zip(songs, songs[shift:] + songs[:shift], strict=True))
    lengths = {song: min(len(detections.labels[song]), len(detections.labels[donors[song]])) for song in songs}
    return replace(
        detections,
        probabilities={song: detections.probabilities[donors[song]][: lengths[song]] for song in songs},
        labels={song: detections.labels[song][: lengths[song]] for song in songs},
    )


@dataclass(frozen=True)
class ConfusionQuantity(OfTrainings):
    """How much of what is missed beside a false positive is of some instruments; counts ``(song, i, j)`` per seed."""

    corpus: str
    group: str
    system: str
    songs: Sequence[str]
    counts: Sequence[Values]
    groups: Sequence[Sequence[int]]
    related: bool

    @cached_property
    def by_seed(self) -> Values:
        """The share with every training."""
        return np.array([self._share(one.sum(axis=0)[np.newaxis])[0] for one in self.counts])

    def drawn(self, resamples: Resamples) -> Values:
        """The share of every resample, mean over seeds."""
        return np.asarray(
            np.mean([self._share(np.einsum("rs,sij->rij", resamples.times, one)) for one in self.counts], axis=0)
        )

    def _share(self, counts: Values) -> Values:
        """Mean over ordered related pairs, ``(resample,)`` of counts ``(resample, i, j)``."""
        shares = []
        for members in self.groups:
            others = [i for i in range(counts.shape[1]) if i not in members]
            for one in members:
                for other in (other for other in members if other != one):
                    rows = counts[:, [one] if self.related else others]
                    total = rows.sum(axis=(1, 2))
                    part = rows[:, :, other].sum(axis=1)
                    shares.append(np.divide(part, total, out=np.full(len(counts), np.nan), where=total > 0))
        known = [share for share in shares if np.isfinite(share).any()]
        return np.asarray(np.nanmean(known, axis=0)) if known else np.full(len(counts), np.nan)


@dataclass(frozen=True)
class DetectorTerms:
    """Quantities from what detectors found."""

    params: Params
    paper: Paper
    claim: Claim
    results: Path
    in_frames: ClassVar[bool] = False

    def terms(self, case: Case, common: bool) -> tuple[list[Term], int]:
        """Those of a comparison."""
        sides = [(weight, side) for weight, side, _ in single_sides(case)]
        by_side = [self._detections_of(side) for _, side in sides]
        if self.claim.metric == "confusion":
            pairs = zip(sides, by_side, strict=True)
            return [Term(weight, self._confusion(side, one)) for (weight, side), one in pairs], 0
        shared = with_auc(detections for one in by_side for detections in one)
        quantities = [self._measure(side, one, shared) for (_, side), one in zip(sides, by_side, strict=True)]
        return [Term(weight, one) for (weight, _), one in zip(sides, quantities, strict=True)], 0

    def _detections_of(self, side: Side) -> list[Detections]:
        detections = read_detections(self.results, detectors_of(self.params, self.paper, side.system))
        return [one.at_scale(self.params, side.seconds) for one in detections]

    def _measure(self, side: Side, detections: list[Detections], shared: list[str]) -> Quantity:
        chosen = shared if side.instruments == "all" else half_of(detections[0], shared, side.instruments)
        group, system = f"{self.claim.corpus}/detected", side.system
        return DetectorQuantity(
            self.claim.corpus, group, system, detections, self.claim.metric, chosen, self.params.seed
        )

    def _confusion(self, side: Side, detections: list[Detections]) -> Quantity:
        names, songs = detections[0].instruments, detections[0].songs
        groups = [[names.index(name) for name in group if name in names] for group in self.claim.related]
        threshold, related = self.params.detection.threshold, side.instruments == "related"
        counts = [
            np.array([confusions(one.labels[song], one.probabilities[song] > threshold) for song in songs], dtype=float)
            for one in detections
        ]
        group, system = f"{self.claim.corpus}/detected", side.system
        return ConfusionQuantity(self.claim.corpus, group, system, songs, counts, groups, related)


def half_of(detections: Detections, instruments: Sequence[str], which: str) -> list[str]:
    """The instruments that play in the fewest clips (`rare`), or the others (`frequent`)."""
    labels, _ = detections.together()
    ranked = sorted(instruments, key=lambda name: (labels[:, detections.instruments.index(name)].sum(), name))
    half = len(ranked) // 2
    return ranked[:half] if which == "rare" else ranked[half:]
