"""What claims about the spectra of corpora compare: three numbers of every song's average spectrum, in dB.

Conventions
-----------
The paper describes its Figure 2 in words and gives no numbers; these are ours:

- *bass bump*: mean level from 80 to 200 Hz above the mean level from 300 to 1000 Hz;
- *treble step*: mean level from 7 to 9 kHz above that from 11 to 13 kHz, NaN where the recordings end below;
- *mid peaks*: standard deviation of the level from 200 to 2000 Hz about its running median over a third of an octave.

References
----------
Manilow et al. 2019, Section 2.4 and Figure 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.ndimage

from reprosep.audio.store import read_table
from reprosep.claims.cases import Case, single_sides
from reprosep.claims.effects import Term
from reprosep.claims.score_quantities import ScoreQuantity
from reprosep.papers.claim import Claim, Side
from reprosep.params.scale import Params
from reprosep.results.intervals import Values

_BASS, _ABOVE_BASS = (80.0, 200.0), (300.0, 1000.0)  # Hz
_BEFORE_STEP, _AFTER_STEP = (7e3, 9e3), (11e3, 13e3)
_MID = (200.0, 2000.0)
_THIRD_OCTAVE = 2 ** (1 / 3) - 1  # of the middle of the range


def _level(levels: Values, hertz: Values, band: tuple[float, float]) -> Values:
    inside = (hertz >= band[0]) & (hertz <= band[1])
    if hertz[-1] < band[1]:
        return np.full(len(levels), np.nan)
    return np.asarray(levels[:, inside].mean(axis=1))


def bass_bump(levels: Values, hertz: Values) -> Values:
    """dB ``(song,)`` of levels ``(song, bin)``."""
    return _level(levels, hertz, _BASS) - _level(levels, hertz, _ABOVE_BASS)


def treble_step(levels: Values, hertz: Values) -> Values:
    """dB ``(song,)`` of levels ``(song, bin)``."""
    return _level(levels, hertz, _BEFORE_STEP) - _level(levels, hertz, _AFTER_STEP)


def mid_peaks(levels: Values, hertz: Values) -> Values:
    """dB ``(song,)`` of levels ``(song, bin)``."""
    inside = (hertz >= _MID[0]) & (hertz <= _MID[1])
    width = max(3, round(float(np.mean(_MID)) * _THIRD_OCTAVE / (hertz[1] - hertz[0])) | 1)
    own = levels[:, inside]
    return np.asarray((own - scipy.ndimage.median_filter(own, size=(1, width), mode="nearest")).std(axis=1))


_MEASURES: dict[str, Callable[[Values, Values], Values]] = {
    "bass bump": bass_bump,
    "treble step": treble_step,
    "mid peaks": mid_peaks,
}


@dataclass(frozen=True)
class SpectrumTerms:
    """Quantities from the average spectra of corpora."""

    params: Params
    claim: Claim
    results: Path
    in_frames: ClassVar[bool] = False

    def terms(self, case: Case, common: bool) -> tuple[list[Term], int]:
        """Those of a comparison, and how many songs are silent or have no such frequencies."""
        weighted = [(weight, *self._quantity(side)) for weight, side, _ in single_sides(case)]
        return [Term(weight, one) for weight, one, _ in weighted], sum(silent for *_, silent in weighted)

    def _quantity(self, side: Side) -> tuple[ScoreQuantity, int]:
        corpus = str(side.corpus)
        table = read_table(self.results / corpus / "spectra.parquet")
        levels = np.stack(list(table["levels"])).astype(float)
        hertz = np.linspace(0, table["sample_rate"].iloc[0] / 2, levels.shape[1])
        values = _MEASURES[self.claim.metric](levels, hertz)
        known = np.isfinite(values)
        songs = [str(song) for song, kept in zip(table["song"], known, strict=True) if kept]
        cube = values[known][np.newaxis, np.newaxis, np.newaxis]
        group = f"{corpus}/{self.claim.metric}"
        return ScoreQuantity(corpus, group, songs, cube, None, ("", ""), "mean"), int((~known).sum())
