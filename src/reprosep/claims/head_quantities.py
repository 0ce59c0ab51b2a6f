"""What claims about activity heads compare: AUC per second, frames that gates get wrong, how much targets play.

Conventions
-----------
Frames or seconds of all test songs are pooled, songs are drawn with all of theirs. *misses* are the active frames that
a gate closes, *false alarms* the inactive ones that it leaves open, both as shares from 0 to 1. The *activation rate*
is that of the target's own training stems, which no training changes.

References
----------
Hung and Lerch 2020, Section 4.2.3 and Figure 4 (AUC, activation rate), Section 4.3 and Figure 3 (misses, false alarms).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from reprosep.claims.cases import Case, Part, single_sides
from reprosep.claims.effects import OfTrainings, Quantity, Resamples, Term
from reprosep.experiments.runs import needed_runs
from reprosep.metrics.activity import auc
from reprosep.papers.claim import Claim, Side
from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.activity_scores import BY_SECOND, RATE_COLUMNS, at_resolution, auc_of_draws, read_activity
from reprosep.results.aggregate import read_parquet
from reprosep.results.intervals import Values
from reprosep.separation.gate import gate_for


@dataclass(frozen=True)
class AucQuantity(OfTrainings):
    """Area under the ROC curve of one target; a table of song, probability and label for every seed."""

    corpus: str
    group: str
    system: str
    tables: Sequence[pd.DataFrame]

    @property
    def songs(self) -> list[str]:
        """The songs that it is of."""
        return sorted({str(song) for table in self.tables for song in table["song"]})

    @cached_property
    def by_seed(self) -> Values:
        """AUC of every training."""
        return np.array([auc(one["label"].to_numpy(bool), one["probability"].to_numpy(float)) for one in self.tables])

    def drawn(self, resamples: Resamples) -> Values:
        """AUC of every resample, mean over seeds."""
        return np.asarray(
            np.mean([auc_of_draws(table, resamples.songs, resamples.times) for table in self.tables], axis=0)
        )


@dataclass(frozen=True)
class ShareQuantity(OfTrainings):
    """A share of frames: by seed and song, how many of how many, each ``(seed, song)``."""

    corpus: str
    group: str
    system: str
    songs: Sequence[str]
    part: Values
    whole: Values

    @cached_property
    def by_seed(self) -> Values:
        """The share with every training."""
        return _ratio(self.part.sum(axis=1), self.whole.sum(axis=1))

    def drawn(self, resamples: Resamples) -> Values:
        """The share of every resample, mean over seeds."""
        places = {song: place for place, song in enumerate(resamples.songs)}
        times = resamples.times[:, [places[song] for song in self.songs]]
        return np.asarray(_ratio(self.part @ times.T, self.whole @ times.T).mean(axis=0))


def _ratio(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


@dataclass(frozen=True)
class HeadTerms:
    """Quantities from the activity that a separating network predicts."""

    params: Params
    paper: Paper
    claim: Claim
    results: Path
    in_frames: ClassVar[bool] = False

    def terms(self, case: Case, common: bool) -> tuple[list[Term], int]:
        """Those of a comparison."""
        return [Term(weight, self._quantity(part, side)) for weight, side, part in single_sides(case)], 0

    def _quantity(self, part: Part, side: Side) -> Quantity:
        make: dict[str, Callable[[Part, Side], Quantity]] = {
            "AUC": self._auc,
            "misses": self._wrong,
            "false alarms": self._wrong,
            "activation rate": self._rate,
        }
        return make[part.metric](part, side)

    def _group(self, part: Part) -> str:
        return f"{self.claim.corpus}/{part.target}/{part.metric}"

    def _tables(self, part: Part, side: Side) -> list[pd.DataFrame]:
        runs = [run for run in self._runs if run.system == side.system and part.target in run.targets]
        return [table[table["target"] == part.target] for table in read_activity(self.results, runs)]

    @cached_property
    def _runs(self) -> list[Run]:
        return [run for run in needed_runs(self.params, self.paper) if run.corpus == self.claim.corpus]

    def _auc(self, part: Part, side: Side) -> Quantity:
        tables = [at_resolution(table, BY_SECOND) for table in self._tables(part, side)]
        return AucQuantity(self.claim.corpus, self._group(part), side.system, tables)

    def _wrong(self, part: Part, side: Side) -> Quantity:
        tables = self._tables(part, side)
        songs = sorted({str(song) for table in tables for song in table["song"]})
        counts = [self._wrong_frames(table, part, side, songs) for table in tables]
        wrong, among = (np.array([count[place] for count in counts], dtype=float) for place in (0, 1))
        return ShareQuantity(self.claim.corpus, self._group(part), side.system, songs, wrong, among)

    def _wrong_frames(
        self, table: pd.DataFrame, part: Part, side: Side, songs: list[str]
    ) -> tuple[list[int], list[int]]:
        """Frames of every song that the gate gets wrong, and those among which it could."""
        wrong, among = [], []
        by_song = {str(song): rows.sort_values("frame") for song, rows in table.groupby("song")}
        for song in songs:
            label, probability = (by_song[song][key].to_numpy() for key in ("label", "probability"))
            gate = gate_for(side.variant, probability, label, self.params.separation)
            open_ = np.ones(len(label), bool) if gate is None else gate
            asked = label.astype(bool) if part.metric == "misses" else ~label.astype(bool)
            wrong.append(int((asked & (open_ != label)).sum()))
            among.append(int(asked.sum()))
        return wrong, among

    def _rate(self, part: Part, side: Side) -> Quantity:
        index = read_parquet(self.results / self.claim.corpus / "activity" / "index.parquet", RATE_COLUMNS)
        stems = index[(index["split"] == "train") & (index["target"] == part.target)]
        counts = stems.groupby("song")[["active_frames", "frames"]].sum()
        active, frames = (counts[key].to_numpy(float)[np.newaxis] for key in ("active_frames", "frames"))
        return ShareQuantity(self.claim.corpus, self._group(part), "", list(counts.index), active, frames)
