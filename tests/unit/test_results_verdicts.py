"""Verdicts for effects that are constructed to hold, to fail, and to leave it open."""

from __future__ import annotations

import numpy as np
import pytest
from reprosep.results.verdicts import FAILS, HOLDS, UNDECIDED

from reprosep import params
from reprosep.papers import Claim
from reprosep.params import Params
from reprosep.results import report, verdicts

NOISE = np.linspace(-0.1, 0.1, 12)


@pytest.fixture(scope="module")
def settings() -> Params:
    content = params.read_yaml(params.repository() / "params.yaml")
    return params.parse(params.merge(content, {"statistics": {"bootstrap": 500}}))


def make_claim(expect: str, margin: float = 0.0) -> Claim:
    sides = {side: {"system": side, "variant": "none"} for side in ("left", "right")}
    fixed = {"id": "x", "statement": "x", "source": "x", "corpus": "c", "metric": "SDR"}
    return Claim.model_validate({**fixed, **sides, "expect": expect, "margin": margin})


@pytest.mark.parametrize(
    ("expect", "margin", "differences", "expected"),
    [
        ("greater", 0.0, NOISE + 1, HOLDS),
        ("greater", 0.0, NOISE - 1, FAILS),
        ("greater", 0.0, NOISE * 20, UNDECIDED),
        ("greater", 0.0, NOISE[:5] + 1, UNDECIDED),
        ("less", 0.0, NOISE - 1, HOLDS),
        ("less", 0.0, NOISE + 1, FAILS),
        ("less", 0.0, NOISE, UNDECIDED),
        ("not-greater", 0.0, NOISE - 1, HOLDS),
        ("not-greater", 0.0, NOISE, HOLDS),
        ("not-greater", 0.0, NOISE + 0.15, FAILS),
        ("not-greater", 0.0, NOISE * 20, UNDECIDED),
        ("not-greater", 3.0, NOISE * 20, HOLDS),
        ("comparable", 0.5, NOISE, HOLDS),
        ("comparable", 0.5, NOISE * 0, HOLDS),
        ("comparable", 0.5, NOISE + 1, FAILS),
        ("comparable", 0.5, NOISE - 1, FAILS),
        ("comparable", 0.5, NOISE + 0.5, UNDECIDED),
        ("greater", 0.0, np.array([]), UNDECIDED),
    ],
)
def test_verdicts(settings: Params, expect: str, margin: float, differences: np.ndarray, expected: str) -> None:
    effect = verdicts.paired_effect(settings, differences)
    assert verdicts.verdict(settings, make_claim(expect, margin), effect) == expected


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ({"vocals": 3.0, "piano": 3.0, "bass": 1.0, "drums": 0.0}, HOLDS),
        ({"vocals": 0.0, "piano": 0.0, "bass": 1.0, "drums": 2.0}, FAILS),
        ({"vocals": 1.0, "piano": 1.0, "bass": 1.0, "drums": 1.0}, UNDECIDED),
    ],
)
def test_largest(settings: Params, gains: dict[str, float], expected: str) -> None:
    effect = verdicts.contrast(settings, {name: NOISE + gain for name, gain in gains.items()}, ["vocals", "piano"])
    inside, outside = (gains["vocals"] + gains["piano"]) / 2, (gains["bass"] + gains["drums"]) / 2
    assert effect.value == pytest.approx(inside - outside)
    assert verdicts.verdict(settings, make_claim("largest"), effect) == expected


def test_p_value_is_blank_where_the_test_says_nothing() -> None:
    assert np.isnan(verdicts.signed_rank(np.zeros(10)))
    assert np.isnan(verdicts.signed_rank(np.arange(1.0, 6.0)))
    assert verdicts.signed_rank(np.arange(1.0, 7.0)) == pytest.approx(2 / 2**6)


def test_overall() -> None:
    assert verdicts.overall([HOLDS, HOLDS]) == HOLDS
    assert verdicts.overall([HOLDS, UNDECIDED]) == UNDECIDED
    assert verdicts.overall([UNDECIDED, FAILS, HOLDS]) == FAILS
    assert verdicts.overall([]) == UNDECIDED


def test_numbers_as_printed() -> None:
    assert [report.number(value) for value in (1.005, -2.0, -0.001, float("nan"), None)] == [
        "1.00",
        "−2.00",
        "0.00",
        "–",
        "–",
    ]
    assert [report.signed(value) for value in (1.0, -1.0, 0.001, -0.001)] == ["+1.00", "−1.00", "0.00", "0.00"]
    assert [report.p_value(value) for value in (0.0004, 0.04, float("nan"))] == ["< 0.001", "0.040", "–"]
    assert [report.duration(value) for value in (12.34, 125, 7260, None)] == ["12.3 s", "2 min 05 s", "2 h 01 min", "–"]
