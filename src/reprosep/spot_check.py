"""A few scores of a reproduction, computed again by museval itself.

Drawn with the master seed: runs of the paper, and of each one song and one variant. Scores above 120 dB are left out of
the comparison (both must be above): there only rounding is measured, museval's as well as ours. Where the difference
exceeds the tolerance, museval is asked once more with the two references in the other order: its own disagreement says
how many digits the song allows.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.errors import UserError
from reprosep.metrics.bsseval import METRICS
from reprosep.papers import Run, System
from reprosep.params import Params
from reprosep.progress import track
from reprosep.scoring import Scorer, scorer_for

ROUNDING = 120.0
"""dB above which a score is that of a perfect estimate but for rounding."""

COLUMNS = ["run", "song", "variant", "frames", "difference", "museval_itself", "same_frames", "ill_posed", "seconds"]

_ITSELF = 10.0  # times museval's own disagreement is allowed


@dataclass(frozen=True)
class Choice:
    """One song of one run by one variant."""

    scorer: Scorer
    song: str
    variant: str


def spot_check(params: Params, pairs: list[tuple[Run, System]], results: Path) -> pd.DataFrame:
    """Largest difference in dB of every chosen pair: columns :data:`COLUMNS`.

    Raises
    ------
    UserError
        When a difference exceeds ``scoring.tolerance`` and ten times museval's disagreement with itself, or other
        frames are scored, unless the song's references leave the filters undetermined.
    """
    choices = choose(params, pairs, results)
    rows = [_checked(choice, params.scoring.tolerance) for choice in track(choices, "spot check", len(choices))]
    table = pd.DataFrame(rows, columns=COLUMNS)
    allowed = (_ITSELF * table["museval_itself"]).clip(lower=params.scoring.tolerance).fillna(params.scoring.tolerance)
    wrong = table[~table["ill_posed"] & ((table["difference"] > allowed) | ~table["same_frames"])]
    for row in wrong.to_dict("records"):
        raise UserError(
            f"spot check of {row['run']}, {row['song']}, variant {row['variant']}: differs from museval by "
            f"{row['difference']:.2g} dB (same frames scored: {row['same_frames']}), allowed is "
            f"scoring.tolerance = {params.scoring.tolerance:g} dB; report this with the song, do not trust the scores"
        )
    return table


def choose(params: Params, pairs: list[tuple[Run, System]], results: Path) -> list[Choice]:
    """The seeded choice."""
    random = np.random.default_rng([params.seed, len(pairs)])
    chosen = random.permutation(len(pairs))[: params.scoring.spot_checks]
    choices = []
    for number in sorted(chosen):
        run, system = pairs[number]
        scores = read_table(results / "scores" / f"{run.id}.parquet")
        candidates = sorted({(song, variant) for song, variant in zip(scores["song"], scores["variant"], strict=True)})
        song, variant = candidates[random.integers(len(candidates))]
        choices.append(Choice(scorer_for(params, run, system, results), song, variant))
    return choices


def _checked(choice: Choice, tolerance: float) -> dict[str, object]:
    scorer = choice.scorer
    scores = read_table(scorer.results / "scores" / f"{scorer.run.id}.parquet")
    mine = scores[(scores["song"] == choice.song) & (scores["variant"] == choice.variant)].sort_values("frame")
    start = time.monotonic()
    expected = musevals_scores(scorer, choice.song, choice.variant)
    found = mine[list(METRICS)].to_numpy().T
    difference, itself = largest_difference(found, expected), np.nan
    if difference > tolerance:
        itself = largest_difference(expected, musevals_scores(scorer, choice.song, choice.variant, reverse=True))
    return {
        "run": scorer.run.id,
        "song": choice.song,
        "variant": choice.variant,
        "frames": int(np.isfinite(expected).all(axis=0).sum()),
        "difference": difference,
        "museval_itself": itself,
        "same_frames": same_frames(found, expected),
        "ill_posed": bool(mine["ill_posed"].any()),
        "seconds": round(time.monotonic() - start, 1),
    }


def largest_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest absolute difference in dB where both are finite and at most :data:`ROUNDING`; 0 when nothing is left."""
    compared = np.isfinite(found) & np.isfinite(expected) & ~((found > ROUNDING) & (expected > ROUNDING))
    return float(np.abs(found - expected)[compared].max(initial=0.0))


def same_frames(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the same frames have scores; one that is infinite here may be just above :data:`ROUNDING` there."""
    perfect = (found > ROUNDING) | (expected > ROUNDING)
    return bool((np.isfinite(found) == np.isfinite(expected))[~perfect].all())


def musevals_scores(scorer: Scorer, song: str, variant: str, reverse: bool = False) -> np.ndarray:
    """museval's SDR, ISR, SIR and SAR ``(metric, frame)`` of one song, NaN for what is not finite.

    `reverse` lists the accompaniment before the target.
    """
    import museval.metrics

    recipe = next(recipe for recipe in scorer.recipes() if recipe.name == song)
    wave = dict(scorer.estimates(recipe)[0])[variant].T  # type: ignore[index]
    references = scorer.references(recipe)
    pair = references.signals.array[:: -1 if reverse else 1]  # type: ignore[attr-defined]
    framing = references.framing
    if not (pair.sum(axis=2).any(axis=1).all() and wave.sum(axis=1).any()):  # museval refuses silent songs
        return np.full((len(METRICS), len(framing.slices)), np.nan)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        sdr, isr, sir, sar, _ = museval.metrics.bss_eval(
            pair.astype(np.float64), np.stack([wave, wave]).astype(np.float64), framing.window, framing.hop
        )
    target = 1 if reverse else 0
    values = np.stack([sdr[target], isr[target], sir[target], sar[target]])
    return np.where(np.isfinite(values), values, np.nan)
