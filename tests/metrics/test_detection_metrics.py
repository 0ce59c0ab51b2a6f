"""LRAP, AUC, pooling and confusions against scikit-learn and plain statements; intervals against repeated songs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, roc_auc_score

from reprosep.base.project import read_yaml, repository
from reprosep.metrics.activity import auc, confusions, lrap, macro_auc, pooled
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.results.activity_scores import song_draws
from reprosep.results.detection import Detections, draws, instrument_auc, measured, whole, with_auc

NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def params() -> Params:
    return parse(merge(read_yaml(repository() / "params.yaml"), {"statistics": {"bootstrap": 100}}))


def drawn(params: Params, found: Detections, measure: str) -> np.ndarray:
    """The measure of every resample, AUC over the instruments that have one."""
    return draws(params, [found], measure, with_auc([found]))  # type: ignore[arg-type]


@st.composite
def clips(draw: st.DrawFn, fewest: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities ``(clip, instrument)``: rare or constant labels, ties and blocks of silence."""
    rows, columns = draw(st.integers(fewest, 12)), draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = random.choice([0.0, 0.1, 0.5, 1.0], columns)
    labels = random.random((rows, columns)) < rates
    if draw(st.booleans()):
        labels[: rows // 2] = False
    values = random.integers(0, draw(st.sampled_from([1, 3, 1000])) + 1, (rows, columns)) / 1000
    return labels, values


# ---- plain statements --------------------------------------------------------------------------------------------


def plain_auc(labels: np.ndarray, values: np.ndarray) -> float:
    """The share of pairs of an active and an inactive clip that are ranked rightly, ties counting half."""
    pairs = list(product(values[labels], values[~labels]))
    return sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs) if pairs else np.nan


def plain_lrap(labels: np.ndarray, values: np.ndarray) -> float:
    """Of every playing instrument: among those that are ranked as high at least, the share that plays; clip by clip."""
    each = []
    for plays, row in zip(labels, values, strict=True):
        shares = []
        for j in range(len(row)):
            if plays[j]:
                above = [k for k in range(len(row)) if row[k] >= row[j]]
                shares.append(sum(plays[k] for k in above) / len(above))
        if shares:
            each.append(sum(shares) / len(shares))
    return sum(each) / len(each) if each else np.nan


def plain_pooled(values: np.ndarray, clips: int | None) -> list[list[float]]:
    found, first = [], 0
    while first < len(values):
        rows = values[first : first + (clips or len(values))]
        found.append([max(row[j] for row in rows) for j in range(values.shape[1])])
        first += len(rows)
    return found


# ---- one set of clips --------------------------------------------------------------------------------------------


@settings(max_examples=70, deadline=None)
@given(clips())
def test_auc(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    each = []
    for labels, values in zip(drawn[0].T, drawn[1].T, strict=True):
        found = auc(labels, values)
        assert found == pytest.approx(plain_auc(labels, values), abs=1e-12, nan_ok=True)
        if 0 < labels.sum() < len(labels):
            assert found == roc_auc_score(labels, values)
            each.append(found)
        else:
            assert np.isnan(found)
    assert macro_auc(*drawn) == pytest.approx(np.mean(each) if each else np.nan, abs=1e-12, nan_ok=True)
    if len(each) == drawn[0].shape[1] > 1:
        assert macro_auc(*drawn) == pytest.approx(roc_auc_score(*drawn, average="macro"), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(clips())
def test_lrap(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    labels, values = drawn
    assert lrap(labels, values) == pytest.approx(plain_lrap(labels, values), abs=1e-12, nan_ok=True)
    playing = labels.any(axis=1)
    if playing.all():
        assert lrap(labels, values) == label_ranking_average_precision_score(labels, values)
    elif playing.any():  # scikit-learn calls clips perfect in which nothing plays
        share = playing.mean()
        whole_ = label_ranking_average_precision_score(labels, values)
        assert whole_ == pytest.approx(share * lrap(labels, values) + (1 - share), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(clips(), st.one_of(st.none(), st.integers(1, 15)))
def test_pooling(drawn: tuple[np.ndarray, np.ndarray], count: int | None) -> None:
    for values in drawn:
        found = pooled(values, count)
        assert found.dtype == values.dtype and found.tolist() == plain_pooled(values, count)
        assert len(found) == (1 if count is None else -(-len(values) // count))


@settings(max_examples=100, deadline=None)
@given(clips(), st.floats(0, 0.01))
def test_confusions(drawn: tuple[np.ndarray, np.ndarray], threshold: float) -> None:
    labels, detected = drawn[0], drawn[1] > threshold
    expected = np.zeros((labels.shape[1],) * 2, int)
    for plays, found in zip(labels, detected, strict=True):
        for i, j in product(range(len(plays)), repeat=2):
            expected[i, j] += bool(found[i] and not plays[i] and plays[j] and not found[j])
    assert np.array_equal(confusions(labels, detected), expected) and not expected.diagonal().any()


def test_nothing_to_score() -> None:
    none = np.zeros((0, 3))
    assert np.isnan([auc(none[:, 0].astype(bool), none[:, 0]), lrap(none.astype(bool), none)]).all()
    assert np.isnan(macro_auc(none.astype(bool), none)) and pooled(none, None).shape == (0, 3)


def test_an_instrument_that_never_plays_is_left_out() -> None:
    random = np.random.default_rng(1)
    labels, values = random.random((50, 3)) < 0.4, random.random((50, 3))
    with_silent = np.c_[labels, np.zeros(50, bool)], np.c_[values, random.random(50)]
    assert macro_auc(*with_silent) == pytest.approx(roc_auc_score(labels, values, average="macro"))


# ---- songs -------------------------------------------------------------------------------------------------------


def detections(seed: int, sizes: list[int], rates: list[float], silent: tuple[int, ...] = ()) -> Detections:
    random = np.random.default_rng(seed)
    probabilities, labels = {}, {}
    for number, size in enumerate(sizes):
        plays = random.random((size, len(NAMES))) < np.array(rates) * (number not in silent)
        labels[f"song {number}"] = plays
        probabilities[f"song {number}"] = np.round(np.clip(0.3 * plays + 0.7 * random.random(plays.shape), 0, 1), 1)
    return Detections(NAMES, probabilities, labels)


def repeated(found: Detections, times: np.ndarray) -> Detections:
    """The songs as often as they are drawn, each literally."""
    names = [(song, copy) for song, count in zip(found.songs, times, strict=True) for copy in range(int(count))]
    parts = [{f"{s} {c}": part[s] for s, c in names} for part in (found.probabilities, found.labels)]
    return Detections(found.instruments, *parts)


@pytest.mark.parametrize("measure", ["LRAP", "AUC"])
@pytest.mark.parametrize(
    ("sizes", "rates", "silent"),
    [
        ([5, 9, 1, 4, 7], [0.5, 0.3, 0.2], ()),
        ([5, 9, 1, 4, 7], [0.5, 0.0, 1.0], (0, 3)),
        ([1, 1, 1, 1], [0.5, 0.2, 0.1], (2,)),
        ([6, 6, 6], [0.4, 0.4, 0.0], (0, 1)),
        ([4, 4, 4], [0.0, 0.0, 0.0], (0, 1, 2)),
    ],
)
def test_draws_are_those_of_repeated_songs(
    params: Params, measure: str, sizes: list[int], rates: list[float], silent: tuple[int, ...]
) -> None:
    found = detections(3, sizes, rates, silent)
    times = song_draws(params, len(sizes))
    assert (times.sum(axis=1) == len(sizes)).all()
    expected = [whole(repeated(found, row), measure, NAMES) for row in times[:30]]  # type: ignore[arg-type]
    np.testing.assert_allclose(drawn(params, found, measure)[:30], expected, atol=1e-12)


def test_draws_are_means_over_seeds(params: Params) -> None:
    seeds = [detections(seed, [5, 6, 7, 8], [0.5, 0.4, 0.3]) for seed in (1, 2)]
    each = [drawn(params, one, "AUC") for one in seeds]
    np.testing.assert_allclose(draws(params, seeds, "AUC", NAMES), (each[0] + each[1]) / 2)


@pytest.mark.parametrize("clips_", [1, 5, "track"])
@pytest.mark.parametrize("measure", ["LRAP", "AUC"])
def test_a_cell_is_the_measure_over_all_songs(params: Params, measure: str, clips_: int | str) -> None:
    found = detections(5, [12, 7, 3, 1, 10], [0.5, 0.0, 0.2], (1,))
    count = None if clips_ == "track" else int(clips_)
    labels, values = (
        np.concatenate([plain_pooled(part[song], count) for song in found.songs])
        for part in (found.labels, found.probabilities)
    )
    plain = plain_lrap if measure == "LRAP" else macro_auc
    scaled = found.at_scale(params, clips_)
    cell = measured(params, [found], measure, clips_, with_auc([scaled]))  # type: ignore[arg-type]
    assert cell.value == pytest.approx(plain(labels.astype(bool), values), abs=1e-12) and cell.songs == 5
    assert cell.low <= cell.value + 0.2 and cell.low <= cell.high
    low, high = np.nanpercentile(drawn(params, scaled, measure), [2.5, 97.5])
    assert (cell.low, cell.high) == pytest.approx((low, high))


@pytest.mark.parametrize("clip_seconds", [0.5, 0.1])
def test_time_scales_are_seconds_whatever_a_clip_is(params: Params, clip_seconds: float) -> None:
    short = parse(merge(dump(params), {"detection": {"clip_seconds": clip_seconds}}))
    found = detections(5, [240, 140, 61], [0.01, 0.005, 0.008])
    labels, values = found.at_scale(short, 5).together()
    clips_ = round(5 / clip_seconds)
    assert values.tolist() == [row for song in found.songs for row in plain_pooled(found.probabilities[song], clips_)]
    assert measured(short, [found], "AUC", 5, found.instruments).value == macro_auc(labels, values)
    assert instrument_auc(short, [found], "a", 5).value == pytest.approx(auc(labels[:, 0], values[:, 0]), nan_ok=True)


def test_one_instrument(params: Params) -> None:
    found = detections(7, [12, 7, 3, 9], [0.5, 0.0, 0.6], (1,))
    labels, values = found.together()
    first = instrument_auc(params, [found], "a", 1)
    assert first.value == pytest.approx(roc_auc_score(labels[:, 0], values[:, 0]))
    assert (first.songs, first.silent_songs) == (3, 1)
    never = instrument_auc(params, [found], "b", 1)
    assert np.isnan([never.value, never.low, never.high]).all() and never.songs == 0


def test_two_songs_have_no_interval(params: Params) -> None:
    cell = measured(params, [detections(1, [9, 9], [0.5, 0.5, 0.5])], "AUC", 1, NAMES)
    assert np.isfinite(cell.value) and np.isnan([cell.low, cell.high]).all()
    silent = measured(params, [detections(1, [9, 9, 9], [0.0, 0.0, 0.0])], "LRAP", 1, NAMES)
    assert np.isnan([silent.value, silent.low, silent.high]).all() and silent.songs == 3
