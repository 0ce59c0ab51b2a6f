"""BSS Eval version 4 against museval: the same numbers, and the same frames without one."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import museval
import museval.metrics
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from reprosep.metrics import METRICS, References, bsseval_v4
from scores import int16, mixed_estimates, stems

TOLERANCE = 1e-6  # dB
ROUNDING = 120.0  # dB: what is above is rounding in both
RATE = 4000


def musevals(references: np.ndarray, estimates: np.ndarray, window: float, hop: float) -> dict[str, np.ndarray]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        scores = museval.evaluate(references, estimates, win=window, hop=hop)
    return dict(zip(METRICS, scores, strict=True))


def assert_equal(references: np.ndarray, estimates: np.ndarray, window: int | None, hop: int | None) -> None:
    expected = musevals(references, estimates, window or np.inf, hop or window or np.inf)
    found = bsseval_v4(references, estimates, window, hop)
    for metric in METRICS:
        ours, theirs = getattr(found, metric), expected[metric]
        assert ours.shape == theirs.shape
        perfect = (ours > ROUNDING) & (theirs > ROUNDING)
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg=metric)
        np.testing.assert_array_equal(np.isinf(ours)[~perfect], np.isinf(theirs)[~perfect], err_msg=metric)
        compared = np.isfinite(theirs) & ~perfect
        np.testing.assert_allclose(ours[compared], theirs[compared], rtol=0, atol=TOLERANCE, err_msg=metric)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sources", [1, 2, 3, 4])
def test_sources_and_channels(sources: int, channels: int) -> None:
    references = stems(sources, channels, 3 * RATE + 777)
    assert_equal(references, mixed_estimates(references), RATE, RATE)


@pytest.mark.parametrize("sources", [5, 6])
def test_many_sources(sources: int) -> None:
    references = stems(sources, 1, 2 * RATE)
    assert_equal(references, mixed_estimates(references), RATE, RATE)


@pytest.mark.parametrize("sources", [5, 6])
def test_many_stereo_sources(sources: int) -> None:
    """With shorter filters: museval needs minutes for twelve channels of 512 taps."""
    references = stems(sources, 2, 2 * RATE)
    estimates = mixed_estimates(references)
    *expected, _ = museval.metrics.bss_eval(references, estimates, window=RATE, hop=RATE, filters_len=100)
    (found,) = References(references, RATE, taps=100).score(estimates)
    for metric, theirs in zip(METRICS, expected, strict=True):
        np.testing.assert_allclose(getattr(found, metric), theirs, rtol=0, atol=TOLERANCE)


def test_more_than_two_channels() -> None:
    references = stems(2, 3, 2 * RATE)
    assert_equal(references, mixed_estimates(references), RATE, RATE)


@pytest.mark.parametrize(
    ("window", "hop"),
    [(RATE, RATE // 2), (RATE // 2, RATE), (RATE, 1777), (300, 300), (200, 450), (RATE, 10 * RATE), (None, None)],
)
def test_windows_and_hops(window: int | None, hop: int | None) -> None:
    references = stems(2, 2, 3 * RATE + 777)
    assert_equal(references, mixed_estimates(references), window, hop)


@pytest.mark.parametrize("samples", [200, 511, 512, 1000, RATE, RATE + 1, 2 * RATE - 1])
def test_songs_about_as_long_as_a_window(samples: int) -> None:
    references = stems(2, 1, samples)
    assert_equal(references, mixed_estimates(references), RATE, RATE)


@pytest.mark.parametrize("change", [-RATE - 50, -300, 300, RATE])
def test_estimates_of_another_length(change: int) -> None:
    references = stems(2, 2, 3 * RATE)
    longer = mixed_estimates(stems(2, 2, 4 * RATE))
    assert_equal(references, longer[:, : 3 * RATE + change], RATE, RATE)


def silent_reference(references: np.ndarray, estimates: np.ndarray) -> None:
    references[1, RATE : 2 * RATE] = 0


def silent_estimate(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[0, : 2 * RATE] = 0


def cancelling_channels(references: np.ndarray, estimates: np.ndarray) -> None:
    references[0, :RATE, 1] = -references[0, :RATE, 0]
    estimates[1, RATE : 2 * RATE, 1] = -estimates[1, RATE : 2 * RATE, 0]


def zero_channel(references: np.ndarray, estimates: np.ndarray) -> None:
    references[1, :, 1] = 0


def zero_channel_of_an_estimate(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[1, :, 0] = 0


def equal_channels(references: np.ndarray, estimates: np.ndarray) -> None:
    references[0, :, 1] = references[0, :, 0]


def equal_channels_everywhere(references: np.ndarray, estimates: np.ndarray) -> None:
    references[:, :, 1] = references[:, :, 0]


def panned_source(references: np.ndarray, estimates: np.ndarray) -> None:
    references[0, :, 1] = int16(0.3 * references[0, :, 0])


def duplicated_source(references: np.ndarray, estimates: np.ndarray) -> None:
    references[1] = references[0]


def quiet_source(references: np.ndarray, estimates: np.ndarray) -> None:
    references[1] = int16(references[1] / 300)


def scaled_estimate(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[0] = 0.5 * references[0]


def perfect_estimate(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[0] = references[0]


def perfect_but_for_a_bit(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[0] = references[0]
    estimates[0, ::1000] += 1 / 32768


def estimate_is_the_mixture(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[:] = references.sum(axis=0)


def mixture_but_for_noise(references: np.ndarray, estimates: np.ndarray) -> None:
    """95 dB below: not rounding, but too little to be told from correlations."""
    mixture = references.sum(axis=0)
    estimates[:] = mixture + 1.8e-5 * mixture.std() * np.random.default_rng(3).standard_normal(estimates.shape)


def perfect_but_for_noise(references: np.ndarray, estimates: np.ndarray) -> None:
    noise = np.random.default_rng(4).standard_normal(estimates.shape)
    estimates[:] = references + 1.8e-5 * references.std() * noise


def perfect_but_for_a_gain(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[0] = (1 + 1e-5) * references[0]


def filtered_mixture(references: np.ndarray, estimates: np.ndarray) -> None:
    """No artifacts, though it is no mixture of the references as they are."""
    mixture = references.sum(axis=0)
    estimates[:] = 0.5 * mixture
    estimates[:, 3:] += 0.3 * mixture[:-3]


def same_estimate_twice(references: np.ndarray, estimates: np.ndarray) -> None:
    estimates[1] = estimates[0]


CHANGES = [
    silent_reference,
    silent_estimate,
    cancelling_channels,
    zero_channel,
    zero_channel_of_an_estimate,
    equal_channels,
    equal_channels_everywhere,
    panned_source,
    duplicated_source,
    quiet_source,
    scaled_estimate,
    perfect_estimate,
    perfect_but_for_a_bit,
    estimate_is_the_mixture,
    mixture_but_for_noise,
    perfect_but_for_noise,
    perfect_but_for_a_gain,
    filtered_mixture,
    same_estimate_twice,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_special_signals(change: Callable[[np.ndarray, np.ndarray], None]) -> None:
    references = stems(2, 2, 3 * RATE + 777)
    estimates = mixed_estimates(references)
    change(references, estimates)
    assert_equal(references, estimates, RATE, RATE)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shape=some.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]),
    samples=some.integers(4100, 9000),
    window=some.integers(100, 5000),
    hop=some.integers(100, 5000),
    longer=some.integers(-400, 400),
    changes=some.sets(some.sampled_from(CHANGES), max_size=2),
    seed=some.integers(0, 1000),
)
@example((2, 2), 4100, 100, 100, 0, {duplicated_source, zero_channel}, 0)  # a step of the recursion is exactly singular
def test_any_case(
    shape: tuple[int, int],
    samples: int,
    window: int,
    hop: int,
    longer: int,
    changes: set[Callable[[np.ndarray, np.ndarray], None]],
    seed: int,
) -> None:
    references = stems(*shape, samples, seed)
    estimates = mixed_estimates(references, seed)
    if shape == (2, 2):
        for change in sorted(changes, key=lambda change: change.__name__):
            change(references, estimates)
    silent = [(signals.sum(axis=2) == 0).all(axis=1).any() for signals in (references, estimates)]
    estimates = np.pad(estimates, ((0, 0), (0, 400), (0, 0)))[:, : samples + longer]
    if any(silent):  # museval refuses such a song
        assert np.isnan(bsseval_v4(references, estimates, window, hop).SDR).all()
        return
    assert_equal(references, estimates, window, hop)


def test_one_target_is_scored_as_museval_scores_it_twice() -> None:
    """The authors give museval two copies of the target's estimate."""
    references = stems(2, 2, 3 * RATE)
    estimate = mixed_estimates(references)[0]
    expected = musevals(references, np.stack([estimate, estimate]), RATE, RATE)
    (found,) = References(references, RATE, RATE).score(estimate[None], sources=[0])
    for metric in METRICS:
        np.testing.assert_allclose(getattr(found, metric)[0], expected[metric][0], rtol=0, atol=TOLERANCE)
