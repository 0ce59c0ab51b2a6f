"""How often a claim is decided wrongly, and rightly: verdicts on simulated scores whose truth is known.

Scores of a song are a level of its own, an error that a method makes on that song, what a training has in common in all
songs, and a rest. Beside the project's way stand two that are often used: an interval over songs alone, in which the
trainings count as given, and one that draws a seed anew for every song.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from reprosep.claims.effects import Effect, Term, effect_of
from reprosep.claims.score_quantities import OfSongs, ScoreQuantity
from reprosep.claims.verdicts import FAILS, HOLDS, UNDECIDED, conclude, evidence
from reprosep.papers.claim import Claim
from reprosep.params.work import Statistics
from reprosep.results.intervals import Values, percentile_interval, resample, statistic_of
from reprosep.tools.evaluation.summary import Bootstrap

ALPHA = 0.05
DRAWING = Bootstrap(statistics=Statistics(confidence=1 - ALPHA, bootstrap=400, alpha=ALPHA))
"""Seed and settings of the bootstrap inside a simulation."""

_SYSTEMS = ("left", "right")


@dataclass(frozen=True)
class Truth:
    """What is simulated: numbers of songs, seeds and targets, and standard deviations in dB."""

    songs: int = 50
    seeds: int = 3
    seed_deviation: float = 0.0
    effect: float = 0.0
    targets: int = 1
    song_deviation: float = 0.6  # of a paired difference
    rest: float = 0.3
    level: float = 2.0  # of the songs


def scores(truth: Truth, random: np.random.Generator) -> tuple[Values, Values]:
    """Scores in dB of two methods on the same songs, each ``(target, seed, song)``."""
    shape = (truth.targets, truth.seeds, truth.songs)
    level = random.normal(0, truth.level, (truth.targets, 1, truth.songs))

    def method(mean: float) -> Values:
        own = random.normal(0, truth.song_deviation / np.sqrt(2), (truth.targets, 1, truth.songs))
        training = random.normal(0, truth.seed_deviation, (truth.targets, truth.seeds, 1))
        return np.asarray(mean + level + own + training + random.normal(0, truth.rest, shape))

    return method(truth.effect), method(0.0)


def effects(pair: tuple[Values, Values], statistic: OfSongs, mean: bool, drawing: Bootstrap) -> list[Effect]:
    """The effect of every target, or of their mean."""
    songs = [str(song) for song in range(pair[0].shape[-1])]
    sides = [[one[:, None, None] for one in side] for side in pair]
    quantities = [
        ScoreQuantity("corpus", str(target), songs, left, right, _SYSTEMS, statistic)
        for target, (left, right) in enumerate(zip(*sides, strict=True))
    ]
    if mean:
        return [effect_of(drawing, [Term(1 / len(quantities), one) for one in quantities], pooled=True)]
    return [effect_of(drawing, [Term(1.0, one)]) for one in quantities]


def decided(claim: Claim, truth: Truth, draws: int, seed: int = 0) -> dict[str, float]:
    """Share of draws in which a claim has which verdict."""
    random, counts = np.random.default_rng(seed), dict.fromkeys((HOLDS, FAILS), 0)
    statistic: OfSongs = "mean" if claim.statistic == "mean" else "median"
    for _ in range(draws):
        drawn = effects(scores(truth, random), statistic, claim.quantifier == "mean", DRAWING)
        verdict, _ = conclude(claim, [evidence(claim, one) for one in drawn], ALPHA)
        if verdict != UNDECIDED:
            counts[verdict] += 1
    return {verdict: count / draws for verdict, count in counts.items()}


def claim_of(expect: str, quantifier: str, statistic: str, margin: float = 0.0) -> Claim:
    """A claim without words, for simulations."""
    content = {"id": "x", "statement": "x", "source": "x", "corpus": "corpus", "metric": "SDR", "expect": expect}
    sides = {"left": {"system": "left"}, "right": {"system": "right"}}
    return Claim.model_validate(
        {**content, **sides, "quantifier": quantifier, "statistic": statistic, "margin": margin}
    )


def over_songs_alone(pair: tuple[Values, Values], drawing: Bootstrap) -> bool:
    """Whether the percentile interval over songs of the mean difference, seeds averaged, leaves out zero."""
    difference = (pair[0] - pair[1])[0].mean(axis=0)
    return _leaves_out_zero(drawing, statistic_of(difference[resample(drawing, len(difference))], "mean"))


def seeds_within_songs(pair: tuple[Values, Values], drawing: Bootstrap) -> bool:
    """The same when every song of a resample draws its seeds anew."""
    drawn = resample(drawing, pair[0].shape[-1])
    random = np.random.default_rng(drawing.seed)
    sides = [side[0][random.integers(0, side.shape[1], drawn.shape), drawn] for side in pair]
    return _leaves_out_zero(drawing, (sides[0] - sides[1]).mean(axis=1))


def _leaves_out_zero(drawing: Bootstrap, drawn: Values) -> bool:
    low, high = percentile_interval(drawing, drawn)
    return low > 0 or high < 0


def bench(draws: int) -> list[Table]:
    """Error rates without any effect, and the rate of right verdicts with one."""
    return [_errors(draws), _quantifiers(draws)]


def _errors(draws: int) -> Table:
    title = f"Decided although there is no effect ({draws} draws; allowed: {ALPHA:.0%})"
    table = Table(title=title, title_justify="left")
    for column in ("songs", "seeds", "seed SD (dB)", "mean", "median", "songs alone", "seeds within songs"):
        table.add_column(column, justify="right")
    cases: Sequence[tuple[int, int, float]] = (
        *((songs, 1, 0.0) for songs in (8, 12, 50)),
        *((songs, 3, deviation) for songs in (12, 50) for deviation in (0.0, 0.1, 0.2, 0.3)),
    )
    for songs, seeds, deviation in cases:
        truth = Truth(songs=songs, seeds=seeds, seed_deviation=deviation)
        rates = [sum(decided(claim_of("greater", "all", one), truth, draws).values()) for one in ("mean", "median")]
        random = np.random.default_rng(0)
        pairs = [scores(truth, random) for _ in range(draws)]
        others = [
            float(np.mean([way(one, DRAWING) for one in pairs])) for way in (over_songs_alone, seeds_within_songs)
        ]
        table.add_row(str(songs), str(seeds), f"{deviation:g}", *(f"{rate:.1%}" for rate in [*rates, *others]))
    return table


def _quantifiers(draws: int) -> Table:
    table = Table(title=f"Six targets, 50 songs each: share of {draws} draws", title_justify="left")
    for column in ("quantifier", "seeds", "seed SD (dB)", "true effect (dB)", "holds", "does not hold"):
        table.add_column(column, justify="right")
    for quantifier in ("all", "most", "mean"):
        for seeds, deviation, effect in ((1, 0.0, 0.0), (3, 0.2, 0.0), (1, 0.0, 0.3), (3, 0.2, 0.6)):
            truth = Truth(seeds=seeds, seed_deviation=deviation, effect=effect, targets=6)
            rates = decided(claim_of("greater", quantifier, "mean"), truth, draws)
            cells = (quantifier, str(seeds), f"{deviation:g}", f"{effect:g}")
            table.add_row(*cells, *(f"{rate:.1%}" for rate in rates.values()))
    return table
