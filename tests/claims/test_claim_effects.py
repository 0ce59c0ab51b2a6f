"""Effects of claims: the table's own difference, songs and trainings as levels, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reprosep.claims.effects import Effect, Term, effect_of
from reprosep.claims.score_quantities import ScoreQuantity
from reprosep.results.aggregate import METRICS, Framed, seed_cubes, song_scores
from reprosep.tools.bench.verdicts import DRAWING, Truth, decided, over_songs_alone, scores, seeds_within_songs
from reprosep.tools.bench.verdicts import claim_of as simulated


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def quantity(
    left: np.ndarray,
    right: np.ndarray | None = None,
    systems: tuple[str, str] = ("a", "b"),
    statistic: str = "mean",
    group: str = "g",
) -> ScoreQuantity:
    """Of values (seed, song)."""
    songs = [f"s{place:02d}" for place in range(left.shape[1])]
    sides = [None if side is None else side[:, None, None] for side in (left, right)]
    return ScoreQuantity("c", group, songs, *sides, systems, statistic)  # type: ignore[arg-type]


def difference(left: np.ndarray, right: np.ndarray, statistic: str = "mean", same: bool = False) -> Effect:
    return effect_of(DRAWING, [Term(1.0, quantity(left, right, ("a", "a" if same else "b"), statistic))])


def test_the_effect_is_paired_and_the_table_has_cells(rng: np.random.Generator) -> None:
    left, right = rng.normal(0, 2, (1, 15)), rng.normal(0, 2, (1, 15))
    found = difference(left, right, "median")
    assert found.value == pytest.approx(np.median(left - right))
    assert found.in_table == pytest.approx(np.median(left) - np.median(right))
    means = difference(left, right, "mean")
    assert means.value == pytest.approx(means.in_table) == pytest.approx(left.mean() - right.mean())


def test_avg_and_pooled_sources(rng: np.random.Generator) -> None:
    left, right = rng.normal(0, 2, (2, 1, 3, 2, 9))  # (side, seed, metric, source, song)
    songs = [str(number) for number in range(9)]
    found = ScoreQuantity("c", "g", songs, left, right, ("", ""), "median")
    assert found.value() == pytest.approx(np.median((left - right)[0].mean(axis=0)))
    cells = [np.mean([np.median(one) for one in side[0]]) for side in (left, right)]
    assert found.in_table() == pytest.approx(cells[0] - cells[1]) and found.trainings() == {}
    other = ScoreQuantity("c", "g", songs, left, right[:, :, :1], ("", ""), "median")  # other sources: not paired
    assert other.value() == pytest.approx(other.in_table())


def test_with_one_seed_the_mean_is_a_paired_t_test(rng: np.random.Generator) -> None:
    left, right = rng.normal(0, 2, (1, 40)), rng.normal(0.4, 2, (1, 40))
    found = difference(left, right)
    expected = stats.ttest_rel(left[0], right[0])
    assert found.freedom == 39 and found.seeds == 1
    assert min(found.above(0), found.below(0)) == pytest.approx(expected.pvalue, abs=0.02)
    assert found.interval(0.95) == pytest.approx(expected.confidence_interval(0.95), abs=0.08)


def test_trainings_widen_the_interval(rng: np.random.Generator) -> None:
    songs = rng.normal(0, 0.1, (1, 60))
    left, right = songs + np.array([[0.5], [0.6], [0.1]]), songs + np.array([[0.0], [0.4], [0.2]])
    alone = difference(left.mean(axis=0, keepdims=True), right.mean(axis=0, keepdims=True))
    found = difference(left, right)
    assert alone.value == pytest.approx(found.value) and found.seeds == 3
    assert found.error > 3 * alone.error and 2 <= found.freedom <= 4.1


def test_variants_of_one_training_share_what_the_training_does(rng: np.random.Generator) -> None:
    songs = rng.normal(0, 0.2, (1, 60))
    training = np.array([[1.0], [-1.0], [0.0]])
    left, right = songs + training + 0.3, songs + training
    assert difference(left, right, same=True).error < 0.01
    assert difference(left, right, same=False).error > 0.5


def test_a_mean_over_targets_draws_songs_with_all_their_targets(rng: np.random.Generator) -> None:
    song = rng.normal(0, 1, (1, 40))
    terms = [Term(0.5, quantity(song, group=name)) for name in ("one", "two")]
    opposite = [Term(0.5, quantity(song, group="one")), Term(0.5, quantity(-song, group="two"))]
    assert effect_of(DRAWING, terms, pooled=True).error == pytest.approx(float(song.std()) / np.sqrt(40), rel=0.15)
    assert effect_of(DRAWING, opposite, pooled=True).error == pytest.approx(0.0, abs=1e-12)


def test_targets_of_other_songs() -> None:
    few = quantity(np.arange(4.0)[None], group="few")
    many = quantity(np.linspace(-1, 1, 12)[None], group="many")
    found = effect_of(DRAWING, [Term(0.5, few), Term(0.5, many)], pooled=True)
    assert found.songs == 12 and found.value == pytest.approx(0.75) and found.freedom <= 11
    assert effect_of(DRAWING, [Term(1.0, few), Term(-1.0, many)]).songs == 4


def test_without_any_difference_nothing_is_shown() -> None:
    same = np.linspace(0, 1, 10)[None]
    found = difference(same, same)
    assert (found.value, found.error) == (0.0, 0.0)
    assert found.above(0) == found.below(0) == 1.0 and found.below(0.5) == found.above(-0.5) == 0.0
    assert np.isnan(Effect(1.0).above(0)) and np.isnan(Effect(1.0).interval(0.95)).all()


# ---- a score that one training lacks is counted, and not replaced by another training's ------------------------------


def frames(missing: bool) -> pd.DataFrame:
    rows = []
    for seed in (1, 2):
        for song in ("a", "b"):
            score = np.nan if missing and (seed, song) == (2, "b") else float(seed)
            rows.append(
                {
                    "run": f"r{seed}",
                    "system": "x",
                    "variant": "none",
                    "song": song,
                    "frame": 0,
                    "seed": seed,
                    "SDR": score,
                }
            )
    return pd.DataFrame(rows).assign(**{metric: np.nan for metric in METRICS if metric != "SDR"})


def test_a_missing_score_is_not_that_of_another_seed() -> None:
    assert song_scores(frames(missing=False))["SDR"].tolist() == [1.5, 1.5]
    left_out = song_scores(frames(missing=True))["SDR"]
    assert left_out.iloc[0] == 1.5 and np.isnan(left_out.iloc[1])
    (cube,) = seed_cubes([Framed.of(frames(missing=True))], ["SDR"], common=False)
    np.testing.assert_array_equal(cube.values[:, 0, 0], [[1.0, 1.0], [2.0, np.nan]])


def test_a_song_that_a_run_lacks_altogether() -> None:
    table = frames(missing=False).iloc[:3]
    assert np.isnan(song_scores(table)["SDR"].iloc[1])


# ---- error rates ----------------------------------------------------------------------------------------------------

DRAWS = 200


def assert_rare(rates: dict[str, float]) -> None:
    """Whether no more claims are decided than chance makes of 1 in 20."""
    count = round(sum(rates.values()) * DRAWS)
    assert stats.binomtest(count, DRAWS, 0.05, "greater").pvalue > 0.05, rates


CASES = [(8, 1, 0.0), (12, 3, 0.0), (50, 3, 0.1), (50, 3, 0.3)]


@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize(("songs", "seeds", "deviation"), CASES)
def test_without_an_effect_few_claims_are_decided(songs: int, seeds: int, deviation: float, statistic: str) -> None:
    truth = Truth(songs=songs, seeds=seeds, seed_deviation=deviation)
    assert_rare(decided(simulated("greater", "all", statistic), truth, DRAWS))


@pytest.mark.parametrize("quantifier", ["all", "most", "mean"])
@pytest.mark.parametrize("seeds", [1, 3])
def test_nor_are_claims_about_six_targets(quantifier: str, seeds: int) -> None:
    truth = Truth(songs=30, seeds=seeds, seed_deviation=0.2 if seeds > 1 else 0.0, targets=6)
    assert_rare(decided(simulated("greater", quantifier, "mean"), truth, DRAWS))


def test_an_effect_is_seen_of_most_targets_and_of_their_mean() -> None:
    truth = Truth(effect=0.3, seeds=1, targets=6)  # half a standard deviation at the paper's number of songs
    quantifiers = ("all", "most", "mean")
    shares = {one: decided(simulated("greater", one, "mean"), truth, draws=100)["holds"] for one in quantifiers}
    assert shares["mean"] > 0.95 and shares["most"] > 0.5 > shares["all"]


def test_songs_alone_and_seeds_within_songs_take_noise_for_an_effect() -> None:
    truth, random = Truth(seed_deviation=0.3), np.random.default_rng(0)
    pairs = [scores(truth, random) for _ in range(60)]
    for way in (over_songs_alone, seeds_within_songs):
        assert np.mean([way(pair, DRAWING) for pair in pairs]) > 0.3
