"""The rules of the verdicts, each with the counter-example that an earlier rule did not survive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reprosep.audio.store import write_table
from reprosep.base.project import read_yaml, repository
from reprosep.claims.effects import Effect
from reprosep.claims.table import ALL_TARGETS, write_claims
from reprosep.claims.verdicts import (
    BY_FRAMES,
    FAILS,
    HOLDS,
    UNDECIDED,
    conclude,
    enough,
    evidence,
    in_print,
    is_right,
    region,
    single_verdicts,
    together,
)
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.system import TargetSystem
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.results.multiplicity import at_least, holm

ALPHA = 0.05
SIDES = {"left": {"system": "left"}, "right": {"system": "right"}}


def claim(expect: str = "greater", margin: float = 0.0, **keys: Any) -> Claim:
    content = {"id": "x", "statement": "x", "source": "x", "corpus": "c", "metric": "SDR", "expect": expect}
    usual = {"statistic": "median", "quantifier": "all", "margin": margin, **SIDES}
    return Claim.model_validate({**content, **usual, **keys})


def effect(value: float, error: float = 0.01, songs: int = 50) -> Effect:
    return Effect(value, error, 49.0, songs, 1)


def verdict(asked: Claim, *effects: Effect) -> str:
    return conclude(asked, [evidence(asked, one) for one in effects], ALPHA)[0]


# ---- one comparison ----


@pytest.mark.parametrize(
    ("expect", "margin", "value", "error", "expected"),
    [
        ("greater", 0.0, 0.1, 0.01, HOLDS),
        ("greater", 0.0, -0.1, 0.01, FAILS),
        ("greater", 0.0, 0.1, 0.1, UNDECIDED),
        ("greater", 1.0, 0.21, 0.015, FAILS),  # E1: "by over a decibel" held of 0.21 dB [0.18, 0.24]
        ("greater", 1.0, 1.2, 0.05, HOLDS),
        ("greater", 1.0, 1.2, 0.5, UNDECIDED),
        ("less", 1.0, -0.21, 0.015, FAILS),  # E1, mirrored
        ("less", 1.0, -1.2, 0.05, HOLDS),
        ("less", 0.0, -0.1, 0.01, HOLDS),
        ("less", 0.0, 0.1, 0.01, FAILS),
        ("comparable", 0.5, 0.1, 0.1, HOLDS),
        ("comparable", 0.5, 0.4, 0.1, UNDECIDED),
        ("comparable", 0.5, 0.9, 0.1, FAILS),
        ("comparable", 0.5, -0.9, 0.1, FAILS),
        ("not-greater", 0.25, 0.06, 0.014, HOLDS),  # E9: +0.06 dB [0.03, 0.09] did not hold
        ("not-less", 0.25, -0.06, 0.014, HOLDS),  # E9, mirrored
        ("not-greater", 0.25, 0.4, 0.014, FAILS),
        ("not-less", 0.25, -0.4, 0.014, FAILS),
        ("not-greater", 0.25, 0.2, 0.1, UNDECIDED),
    ],
)
def test_one_comparison(expect: str, margin: float, value: float, error: float, expected: str) -> None:
    assert verdict(claim(expect, margin), effect(value, error)) == expected


def test_interval_and_p_value_agree() -> None:
    """A comparison is shown to be right just where the interval lies wholly inside the region."""
    for expect, margin in (("greater", 0.3), ("less", 0.0), ("comparable", 0.5), ("not-less", 0.25)):
        asked = claim(expect, margin)
        low, high = region(asked)
        for value in np.linspace(-1.5, 1.5, 61):
            one = effect(float(value), 0.11)
            inside = low < one.interval(1 - ALPHA)[0] and one.interval(1 - ALPHA)[1] < high
            assert (verdict(asked, one) == HOLDS) == inside, (expect, value)


def test_few_songs_show_nothing() -> None:
    assert verdict(claim(), effect(5.0, songs=5)) == UNDECIDED
    assert verdict(claim(), Effect(5.0)) == UNDECIDED
    assert verdict(claim("comparable", 0.5), effect(0.0, 0.0, songs=6)) == HOLDS


def test_a_margin_is_for_every_expectation_what_decides() -> None:
    """Wherever a margin is taken, another one changes the region."""
    for expect in ("greater", "less", "comparable", "not-greater", "not-less", "times-less"):
        keys = {"metric": "iterations", "statistic": "count"} if expect == "times-less" else {}
        assert region(claim(expect, 1.0, **keys)) != region(claim(expect, 2.0, **keys))


# ---- several comparisons ----


def test_all_most_and_what_cannot_be_enough() -> None:
    right, wrong, open_ = effect(1.0), effect(-1.0), effect(0.1, 1.0)
    assert verdict(claim(), right, right) == HOLDS and verdict(claim(), right, wrong) == FAILS
    assert verdict(claim(), right, open_) == UNDECIDED
    most = claim(quantifier="most")
    assert [enough(most, number) for number in (1, 2, 3, 4, 6)] == [1, 2, 2, 3, 4]
    assert verdict(most, *[right] * 4, open_, wrong) == HOLDS
    assert verdict(most, *[right] * 3, *[wrong] * 3) == FAILS  # half is not most
    assert verdict(most, *[right] * 3, wrong, wrong, open_) == UNDECIDED


def test_one_target_among_many_does_not_decide_by_chance() -> None:
    """Without any effect "any target fails" said so in 8.7 % of the draws: each target had its own 5 %."""
    doubtful = effect(-0.0205)  # p = 0.046 by itself
    assert verdict(claim(), doubtful) == FAILS
    assert verdict(claim(), doubtful, *[effect(0.0)] * 5) == UNDECIDED


def test_rows_are_adjusted_for_their_number() -> None:
    found = [evidence(claim(), effect(value)) for value in (-0.0205, 0.05, 0.0)]
    rows = single_verdicts(found, ALPHA)
    assert [one for one, _ in rows] == [UNDECIDED, HOLDS, UNDECIDED]
    assert found[0].p_value < ALPHA < rows[0][1]


def test_holm() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.01, np.nan]), [0.02, np.nan])
    np.testing.assert_allclose([at_least([0.01, 0.2, 0.04], k) for k in (1, 2, 3)], [0.03, 0.08, 0.2])
    assert at_least([0.01, np.nan], 2) == 1.0 and np.isnan(at_least([], 1))


def test_the_frames_have_to_agree() -> None:
    assert together(HOLDS, HOLDS) == HOLDS and together(UNDECIDED, UNDECIDED) == UNDECIDED
    assert together(HOLDS, UNDECIDED) == together(HOLDS, FAILS) == together(UNDECIDED, FAILS) == BY_FRAMES


def test_printed_numbers_as_if_they_were_ours() -> None:
    assert in_print(claim(), [0.1, 0.2]) == HOLDS and in_print(claim(), [0.1, -0.2]) == FAILS
    assert in_print(claim(), [0.1, np.nan]) == "" and in_print(claim(), [-0.1, np.nan]) == FAILS
    assert in_print(claim(quantifier="most"), [0.1, 0.2, np.nan]) == HOLDS and in_print(claim(), []) == ""
    assert is_right(claim("comparable", 0.5), 4.43 - 3.93) and not is_right(claim(), 0.0)  # as printed, not in binary


# ---- whole claims of synthetic scores ----

TARGETS = ["vocals", "electric-guitar", "acoustic-guitar", "piano", "bass", "drums"]


@pytest.fixture(scope="module")
def settings() -> Params:
    content = read_yaml(repository() / "params.yaml")
    change = {"papers": ["iass"], "statistics": {"bootstrap": 400}}
    return parse(merge(content, change))


def paper_with(*claims: Claim) -> Paper:
    """IASS with these claims alone, and its systems on MM."""
    paper = load_paper("iass")
    systems = {name: paper.systems[name] for name in ("iass", "iass-no-labels", "open-unmix", "input", "ibm")}
    systems |= {
        name: TargetSystem(label=name, kind="target", scored="frames", model="open-unmix") for name in ("left", "right")
    }
    table = paper.tables["table-3"]
    columns = [table.columns[0].model_copy(update={"system": name, "label": name}) for name in ("left", "right")]
    shown = table.model_copy(update={"columns": columns, "published": [[None, None]] * 6, "doubtful": []})
    nothing: dict[str, Any] = {"calibration": None, "figures": {}, "listen": [], "questions": []}
    update = {"systems": systems, "tables": {"table-3": shown}, "claims": list(claims), **nothing}
    return paper.model_copy(update=update)


def write_scores(root: Path, system: str, target: str, scores: np.ndarray, seed: int | None = 42) -> None:
    """Scores ``(song, frame)`` in dB, the same for all metrics, NaN where there is none."""
    songs, frames = scores.shape
    run = Run("mm", target, system, seed).id
    table = pd.DataFrame(
        {
            "run": run,
            "corpus": "mm",
            "target": target,
            "system": system,
            "variant": "none",
            "seed": pd.array([seed] * songs * frames, dtype="Int64"),
            "song": np.repeat([f"song {number:03d}" for number in range(songs)], frames),
            "frame": np.tile(np.arange(frames), songs),
            "dropped": "",
            "ill_posed": False,
        }
    ).assign(**{metric: scores.ravel() for metric in ("SDR", "SIR", "SAR", "ISR")})
    (root / "scores").mkdir(exist_ok=True)
    write_table(root / "scores" / f"{run}.parquet", table)


def checked(settings: Params, root: Path, asked: Claim) -> pd.DataFrame:
    """Rows of a claim, by comparison."""
    write_claims(settings, paper_with(asked), root, root)
    return pd.read_csv(root / "claims.csv", keep_default_na=False, na_values=[""]).set_index("target")


def on_mm(expect: str = "greater", **keys: Any) -> Claim:
    return claim(expect, **{"corpus": "mm", **keys})


def put(root: Path, left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    for target in TARGETS:
        for system, given in (("left", left), ("right", right)):
            scores = given.get(target, given["others"])
            write_scores(root, system, target, scores if scores.ndim == 2 else np.repeat(scores[:, None], 4, axis=1))


def test_e2_a_mean_is_not_a_median(settings: Params, tmp_path: Path) -> None:
    """46 songs at +0.3 dB and 4 at -30 dB: their mean is -2.1 dB, and "holds" was the verdict of their median."""
    right = np.linspace(-1, 1, 50)
    gains = np.where(np.arange(50) % 13 == 0, -30.0, 0.3)
    put(tmp_path, {"others": right + gains}, {"others": right})
    rows = checked(settings, tmp_path, on_mm(statistic="mean", quantifier="mean"))
    assert rows.loc[ALL_TARGETS, "effect"] == pytest.approx(gains.mean(), abs=1e-3)
    assert rows.loc[ALL_TARGETS, "verdict"] != HOLDS


def test_e2_effects_have_the_sign_of_the_table(settings: Params, tmp_path: Path) -> None:
    """The median of the differences can be above zero where the difference of the medians, the table's, is below."""
    right = np.concatenate([np.linspace(0, 2, 40), np.linspace(10, 12, 8)])
    left = right + np.concatenate([np.full(40, 0.1), np.full(8, -12.0)])
    assert np.median(left - right) > 0 > np.median(left) - np.median(right)
    put(tmp_path, {"others": left}, {"others": right})
    rows = checked(settings, tmp_path, on_mm())
    assert rows.loc["vocals", "effect"] == pytest.approx(0.1)
    assert rows.loc["vocals", "effect_in_table"] == pytest.approx(np.median(left) - np.median(right), abs=1e-4)
    assert set(rows["verdict"]) == {UNDECIDED}  # the songs alone would have decided it
    assert rows.loc["vocals", "ci_low"] > 0


def test_e3_a_gate_that_leaves_out_the_hardest_frames(settings: Params, tmp_path: Path) -> None:
    """It "held" with +1.31 dB; on the frames that both sides have nothing is changed."""
    random = np.random.default_rng(0)
    right = np.sort(random.normal(0, 3, (40, 12)), axis=1)
    left = right.copy()
    left[:, :3] = np.nan
    put(tmp_path, {"others": left}, {"others": right})
    rows = checked(settings, tmp_path, on_mm())
    assert rows.loc["vocals", "effect"] > 0.5 and rows.loc["vocals", "effect_common_frames"] == 0.0
    assert set(rows["verdict"]) == {BY_FRAMES} and rows.loc[ALL_TARGETS, "verdict_common_frames"] == UNDECIDED


def test_e6_each_named_target_against_each_other(settings: Params, tmp_path: Path) -> None:
    """Vocals +3 and piano 0, fifth of six, held: the mean of the two was above that of the others."""
    level = np.linspace(-1, 1, 30)
    gains = {"vocals": 3.0, "piano": 0.0, "electric-guitar": 0.5, "acoustic-guitar": 0.4, "bass": 0.3, "drums": -1.0}
    left = {target: level + gain for target, gain in gains.items()} | {"others": level}
    put(tmp_path, left, {"others": level})
    rows = checked(settings, tmp_path, on_mm("largest", targets=["vocals", "piano"]))
    assert rows.loc[ALL_TARGETS, "verdict"] == FAILS and len(rows) == 8 + 1
    assert rows.loc["piano against bass", "verdict"] == FAILS and rows.loc["piano against drums", "verdict"] == HOLDS
    alone = checked(settings, tmp_path, on_mm("largest", targets=["vocals"]))
    assert alone.loc[ALL_TARGETS, "verdict"] == HOLDS
    least = checked(settings, tmp_path, on_mm("smallest", targets=["drums"]))
    assert least.loc[ALL_TARGETS, "verdict"] == HOLDS


def test_a_target_of_four_songs_does_not_silence_a_claim_about_the_mean(settings: Params, tmp_path: Path) -> None:
    """ "0 of 13 hold": of +6.9 to +10.4 dB nothing could be said, because acoustic guitar has four test songs."""
    level, few = np.linspace(-1, 1, 12), np.linspace(-1, 1, 4)
    put(tmp_path, {"others": level + 7, "acoustic-guitar": few + 7}, {"others": level, "acoustic-guitar": few})
    assert checked(settings, tmp_path, on_mm()).loc[ALL_TARGETS, "verdict"] == UNDECIDED
    for quantifier in ("most", "mean"):
        rows = checked(settings, tmp_path, on_mm(quantifier=quantifier))
        assert rows.loc[ALL_TARGETS, "verdict"] == HOLDS, quantifier


def test_with_one_seed_a_verdict_is_of_these_trainings(settings: Params, tmp_path: Path) -> None:
    level = np.linspace(-1, 1, 12)
    put(tmp_path, {"others": level + 1}, {"others": level})
    rows = checked(settings, tmp_path, on_mm())
    assert set(rows["scope"]) == {"of these two trainings"} and set(rows["seeds"]) == {1}


def test_seeds_are_a_level(settings: Params, tmp_path: Path) -> None:
    """Two seeds that disagree: with songs alone the difference was beyond doubt."""
    level = np.linspace(-1, 1, 30)
    both = settings.model_copy(update={"seeds": [1, 2]})
    for target in TARGETS:
        for seed, gain in ((1, 1.0), (2, 0.1)):
            write_scores(tmp_path, "left", target, np.repeat((level + gain)[:, None], 3, axis=1), seed)
            write_scores(tmp_path, "right", target, np.repeat(level[:, None], 3, axis=1), seed)
    rows = checked(both, tmp_path, on_mm())
    assert rows.loc["vocals", "effect"] == pytest.approx(0.55) and rows.loc["vocals", "verdict"] == UNDECIDED
    assert set(rows["scope"]) == {"of 2 trainings each"}


def test_songs_without_a_score_on_one_side_are_counted(settings: Params, tmp_path: Path) -> None:
    level = np.linspace(-1, 1, 12)
    missing = np.where(np.arange(12) < 2, np.nan, level + 1)
    put(tmp_path, {"others": missing}, {"others": level})
    rows = checked(settings, tmp_path, on_mm())
    assert rows.loc["vocals", "songs"] == 10 and rows.loc["vocals", "songs_left_out"] == 2
    assert rows.loc["vocals", "effect"] == pytest.approx(1.0)


# ---- as printed --------------------------------------------------------------------------------------------------


def released_paper(*claims: Claim) -> Paper:
    """The paper of these tests, whose left system has published weights and printed numbers."""
    paper = paper_with(*claims)
    released = paper.systems["left"].model_copy(update={"released": "umxhq"})
    table = paper.tables["table-3"]
    printed = [[number, None] for number in (1.0, 2.0, None, 3.0, 4.0, 5.0)]
    shown = table.model_copy(update={"published": printed, "rows": [*table.rows]})
    update = {"systems": {**paper.systems, "left": released}, "tables": {"table-3": shown}}
    return paper.model_copy(update=update)


@pytest.mark.parametrize(("quantifier", "verdict"), [("all", FAILS), ("most", HOLDS)])
def test_released_weights_beside_print(
    settings: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantifier: str, verdict: str
) -> None:
    """A cell is the median over songs; it is within the margin of the printed one or is not, and nothing is tested."""
    monkeypatch.setattr("reprosep.experiments.target.plan.hears", lambda *_: True)
    songs = np.linspace(-3, 3, 21)
    for target, median in zip(TARGETS, (1.4, 1.6, 9.0, 3.0, 4.5, 6.0), strict=True):
        write_scores(tmp_path, "left", target, np.repeat((median + songs)[:, None], 4, axis=1), seed=None)
        write_scores(tmp_path, "right", target, np.repeat(songs[:, None], 4, axis=1))
    asked = on_mm("as-printed", margin=0.5, quantifier=quantifier, table="table-3", right=[])
    write_claims(settings, released_paper(asked), tmp_path, tmp_path)
    rows = pd.read_csv(tmp_path / "claims.csv", keep_default_na=False, na_values=[""]).set_index("target")
    off = {"vocals": 0.4, "electric-guitar": -0.4, "piano": 0.0, "bass": 0.5, "drums": 1.0}  # no print, no row
    assert rows.index.tolist() == [*off, ALL_TARGETS]
    for target, effect in off.items():
        assert rows.loc[target, "effect"] == pytest.approx(effect, abs=1e-6)
        assert rows.loc[target, "verdict"] == (FAILS if target == "drums" else HOLDS)
    assert rows.loc[ALL_TARGETS, "verdict"] == verdict
    assert rows["p_value"].isna().all() and rows["scope"].isna().all()
