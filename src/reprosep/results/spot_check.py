"""A few scores of a reproduction, computed again by museval itself, or by mir_eval where a song is scored as a whole.

Drawn with the master seed: runs of the paper, and of each one song and one variant. Scores above 120 dB are left out of
the comparison (both must be above): there only rounding is measured, museval's as well as ours. The tolerance is
widened where the song's references do not allow that many digits (:mod:`reprosep.metrics.conditioning`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.progress import track
from reprosep.experiments.joint.scores import JointScorer
from reprosep.experiments.runs import needed_runs
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.sources.frame_scores import SourceFramesScorer
from reprosep.metrics.bsseval import METRICS, References
from reprosep.mixtures.mixing import Recipe
from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.papers.system import System, Variant
from reprosep.params.scale import Params
from reprosep.scores.scorer import Scorer
from reprosep.scores.settings import METRICS as SOURCE_METRICS
from reprosep.scores.settings import SettingWhole, SourceScene
from reprosep.scores.targets import TargetInFrames
from reprosep.scores.tracks import TargetInTracks

ROUNDING = 120.0
"""dB above which a score is that of a perfect estimate but for rounding."""

COLUMNS = ["run", "song", "variant", "frames", "difference", "uncertainty", "same_frames", "ill_posed", "by"]


@dataclass(frozen=True)
class Choice:
    """One song of one run by one variant."""

    scorer: Scorer[Any]
    song: str
    variant: Variant


def write_spot_check(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """A few scores of a paper computed again; writes ``spot-check.csv`` into the paper's folder."""
    every = [(run, paper.systems[run.system]) for run in needed_runs(params, paper)]
    pairs = [(run, system) for run, system in every if system.kind != "published"]  # nobody has their estimates
    table = spot_check(params, pairs, results)
    with whole_file(output / "spot-check.csv") as temporary:
        table.to_csv(temporary, index=False)


def spot_check(params: Params, pairs: Sequence[tuple[Run, System]], results: Path) -> pd.DataFrame:
    """Largest difference in dB of every chosen pair: columns :data:`COLUMNS`.

    Raises
    ------
    UserError
        When a difference exceeds both ``scoring.tolerance`` and what the song's references allow, or other frames are
        scored, unless the references leave the filters undetermined.
    """
    choices = choose(params, pairs, results)
    rows = [_checked(choice) for choice in track(choices, "spot check", len(choices))]
    table = pd.DataFrame(rows, columns=COLUMNS)
    allowed = table["uncertainty"].clip(lower=params.scoring.tolerance)
    wrong = table[~table["ill_posed"] & ((table["difference"] > allowed) | ~table["same_frames"])]
    for row in wrong.to_dict("records"):
        raise UserError(
            f"spot check of {row['run']}, {row['song']}, variant {row['variant']}: differs from {row['by']} by "
            f"{row['difference']:.2g} dB (same frames scored: {row['same_frames']}), allowed is "
            f"scoring.tolerance = {params.scoring.tolerance:g} dB; report this with the song, do not trust the scores"
        )
    return table


def choose(params: Params, pairs: Sequence[tuple[Run, System]], results: Path) -> list[Choice]:
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


def _checked(choice: Choice) -> dict[str, object]:
    scorer = choice.scorer
    scores = read_table(scorer.results / "scores" / f"{scorer.run.id}.parquet")
    mine = scores[(scores["song"] == choice.song) & (scores["variant"] == choice.variant)]
    recipe = next(recipe for recipe in scorer.recipes() if scorer.song_of(recipe) == choice.song)
    recomputed = recompute(scorer, recipe, choice.variant, mine)
    return {
        "run": scorer.run.id,
        "song": choice.song,
        "variant": choice.variant,
        "frames": int(np.isfinite(recomputed.expected).all(axis=0).sum()),
        "difference": _two_digits(largest_difference(recomputed.stored, recomputed.expected)),
        "uncertainty": _two_digits(recomputed.uncertainty),
        "same_frames": same_frames(recomputed.stored, recomputed.expected),
        "ill_posed": bool(mine["ill_posed"].any()),
        "by": recomputed.by,
    }


@dataclass(frozen=True)
class Recomputed:
    """The scores `stored` of a run and those `expected`, ``(metric, frame or target)`` in dB, and who computed them.

    `uncertainty` is what the references allow, in dB.
    """

    stored: np.ndarray
    expected: np.ndarray
    uncertainty: float
    by: str


@singledispatch
def recompute(scorer: Scorer[Any], recipe: Recipe, variant: Variant, mine: pd.DataFrame) -> Recomputed:
    """The scores `mine` of a song and variant beside those of the published implementation."""
    raise TypeError(f"nobody computes the scores of a {type(scorer).__name__} again")


@recompute.register(TargetInFrames)
def _recompute_target(scorer: TargetInFrames[Any], recipe: Recipe, variant: Variant, mine: pd.DataFrame) -> Recomputed:
    scene = scorer.scene(recipe)
    wave = dict(scorer.estimates(recipe, scene)[0])[variant]
    return _recompute_frames(scorer.references(recipe, scene)[0], wave, mine)


@recompute.register(SourceFramesScorer)
def _recompute_source_frames(
    scorer: SourceFramesScorer, recipe: Recipe, variant: Variant, mine: pd.DataFrame
) -> Recomputed:
    scene, first = scorer.scene(recipe), scorer.held(recipe)[0]
    waves = scorer.estimates(recipe, scene).waves[variant]
    references = scorer.references(recipe, scene)[0]
    return _recompute_frames(references, waves[[scorer.run.targets.index(first)]], mine[mine["target"] == first])


@recompute.register(JointScorer)
def _recompute_jointly(scorer: JointScorer, recipe: Recipe, variant: Variant, mine: pd.DataFrame) -> Recomputed:
    scene = scorer.scene(recipe)
    first = next(iter(scene))
    wave = scorer.wave(variant, recipe, first, scorer.separate(scene)[first])
    return _recompute_frames(scorer.references(recipe, scene)[0], wave, mine[mine["target"] == first])


@recompute.register(SettingWhole)
def _recompute_sources(scorer: SettingWhole[Any], recipe: Recipe, variant: Variant, mine: pd.DataFrame) -> Recomputed:
    scene = scorer.scene(recipe)
    references = scorer.references(recipe, scene)[0]
    expected = mir_evals_scores(scorer, scene, scorer.estimates(recipe, scene).waves[variant])
    stored = mine.set_index("target").loc[list(scorer.run.targets), list(SOURCE_METRICS)].to_numpy().T
    return Recomputed(stored, expected, references.conditioning.uncertainty, "mir_eval")


@recompute.register(TargetInTracks)
def _recompute_tracks(scorer: TargetInTracks[Any], recipe: Recipe, variant: Variant, mine: pd.DataFrame) -> Recomputed:
    scene = scorer.scene(recipe)
    expected = plain_si_sdr(scene.target[0], scorer.estimate(scene))
    return Recomputed(mine[["SI-SDR"]].to_numpy().T, np.array([[expected]]), 0.0, "its definition")


def plain_si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """SI-SDR in dB by its definition, means subtracted; NaN where either is silent."""
    s, e = (wave.astype(np.float64) - wave.mean(dtype=np.float64) for wave in (reference, estimate))
    if not (s.any() and e.any()):
        return float("nan")
    target = (e @ s) / (s @ s) * s
    return float(10 * np.log10((target @ target) / ((e - target) @ (e - target))))


def _recompute_frames(references: References, wave: np.ndarray, mine: pd.DataFrame) -> Recomputed:
    stored = mine.sort_values("frame")[list(METRICS)].to_numpy().T
    return Recomputed(stored, musevals_scores(references, wave.T), references.conditioning.uncertainty, "museval")


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def largest_difference(scores: np.ndarray, expected: np.ndarray) -> float:
    """Largest absolute difference in dB where both are finite and at most :data:`ROUNDING`; 0 when nothing is left."""
    compared = np.isfinite(scores) & np.isfinite(expected) & ~((scores > ROUNDING) & (expected > ROUNDING))
    return float(np.abs(scores - expected)[compared].max(initial=0.0))


def same_frames(scores: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the same frames have scores; one that is infinite here may be just above :data:`ROUNDING` there."""
    perfect = (scores > ROUNDING) | (expected > ROUNDING)
    return bool((np.isfinite(scores) == np.isfinite(expected))[~perfect].all())


def musevals_scores(references: References, wave: np.ndarray) -> np.ndarray:
    """museval's SDR, ISR, SIR and SAR ``(metric, frame)`` of the first reference, NaN for what is not finite.

    `wave` is the estimate, ``(sample, channel)``.
    """
    import museval.metrics

    framing = references.framing
    pair = references.signals.array.astype(np.float64)  # type: ignore[attr-defined]
    estimates = np.stack([wave, wave]).astype(np.float64)
    if not (pair.sum(axis=2).any(axis=1).all() and wave.sum(axis=1).any()):  # museval refuses silent songs
        return np.full((len(METRICS), len(framing.slices)), np.nan)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        scores = museval.metrics.bss_eval(pair, estimates, framing.window, framing.hop)
    values = np.stack([metric[0] for metric in scores[:4]])
    return np.where(np.isfinite(values), values, np.nan)


def mir_evals_scores(scorer: SettingWhole[Any], scene: SourceScene, waves: np.ndarray) -> np.ndarray:
    """mir_eval's SDR, SIR and SAR ``(metric, target)`` of estimates ``(target, sample)``, NaN for what is not finite.

    It wants an estimate of every reference: those that the run does not estimate are the references themselves.
    """
    import mir_eval.separation

    references = scene.sources[scene.sounding].astype(np.float64)
    estimates = references.copy()
    numbers = [scorer.system.setting.index(name) for name in scorer.run.targets]
    scored = {place: scene.sounding.index(number) for place, number in enumerate(numbers) if number in scene.sounding}
    silent = [place for place in scored if not waves[place].any()]
    for place in scored.keys() - set(silent):
        estimates[scored[place]] = waves[place]
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        every = mir_eval.separation.bss_eval_sources(references, estimates, compute_permutation=False)[:3]
    values = np.full((len(SOURCE_METRICS), len(waves)), np.nan)
    for place in scored.keys() - set(silent):
        values[:, place] = [metric[scored[place]] for metric in every]
    return np.where(np.isfinite(values), values, np.nan)
