"""The functions with museval's names give what museval's give, also where mir_eval published what to expect."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mir_eval.separation
import museval
import museval.metrics
import numpy as np
import pytest
import soundfile
import torch

from reprosep.metrics import drop_in
from scores import mixed_estimates, stems

TOLERANCE = 1e-6  # dB
ROUNDING = 120.0  # dB: what is above is rounding in both
SINGULAR = 1e-3  # dB: of equal channels mir_eval's own numbers are as far from those of one of them
RATE = 4000
RATIOS = ("Source to Distortion", "Image to Spatial", "Source to Interference", "Source to Artifact")
PUBLISHED = Path(__file__).parents[2].parent / "shared/data/parity/mir_eval_separation"


def assert_same(found: Sequence[np.ndarray], expected: Sequence[Any]) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, map(np.asarray, expected), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        rounding = (ours > ROUNDING) & (theirs > ROUNDING)
        compared = ~np.isnan(ours) & ~rounding
        np.testing.assert_allclose(ours[compared], theirs[compared], rtol=0, atol=TOLERANCE)


def musevals(function: Any, *arguments: Any, **options: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def signals(sources: int = 2, channels: int = 2, samples: int = 2 * RATE + 300) -> tuple[np.ndarray, np.ndarray]:
    references = stems(sources, channels, samples)
    return references, mixed_estimates(references)


@pytest.mark.parametrize("mode", ["v4", "v3"])
@pytest.mark.parametrize(("win", "hop"), [(RATE, RATE), (RATE, RATE / 2), (2777.5, 2900.25), (np.inf, np.inf)])
def test_evaluate(mode: str, win: float, hop: float) -> None:
    references, estimates = signals()
    expected = musevals(museval.evaluate, references, estimates, win=win, hop=hop, mode=mode)
    assert_same(drop_in.evaluate(references, estimates, win=win, hop=hop, mode=mode), expected)


@pytest.mark.parametrize("mode", ["v4", "v3"])
def test_silent_frames(mode: str) -> None:
    references, estimates = signals(samples=3 * RATE)
    references[0, :RATE], estimates[1, RATE : 2 * RATE] = 0, 0
    expected = musevals(museval.evaluate, references, estimates, win=RATE, hop=RATE, mode=mode)
    found = drop_in.evaluate(references, estimates, win=RATE, hop=RATE, mode=mode)
    assert np.isnan(found[0]).tolist() == [[True, True, False]] * 2
    assert_same(found, expected)


@pytest.mark.parametrize("change", [-500, 500])
def test_padding(change: int) -> None:
    references, _ = signals()
    estimates = mixed_estimates(stems(2, 2, references.shape[1] + change))
    expected = musevals(museval.evaluate, references, estimates, win=RATE, hop=RATE)
    assert_same(drop_in.evaluate(references, estimates, win=RATE, hop=RATE), expected)
    for evaluate in (museval.evaluate, drop_in.evaluate):
        with pytest.raises(ValueError):
            evaluate(references, estimates, win=RATE, hop=RATE, padding=False)


@pytest.mark.parametrize("framewise", [False, True])
@pytest.mark.parametrize("sources_version", [False, True])
def test_permutations(framewise: bool, sources_version: bool) -> None:
    references, estimates = signals(3, 1)
    options = {
        "window": RATE,
        "hop": RATE,
        "compute_permutation": True,
        "framewise_filters": framewise,
        "bsseval_sources_version": sources_version,
    }
    expected = musevals(museval.metrics.bss_eval, references, estimates[[2, 0, 1]], **options)
    assert_same(drop_in.bss_eval(references, estimates[[2, 0, 1]], **options), expected)


@pytest.mark.parametrize("permute", [False, True])
@pytest.mark.parametrize("name", ["bss_eval_sources", "bss_eval_images"])
@pytest.mark.parametrize("channels", [1, 2])
def test_whole_signals(name: str, permute: bool, channels: int) -> None:
    references, estimates = signals(2, channels, 5000)
    arguments = (references, estimates[::-1], permute)
    assert_same(getattr(drop_in, name)(*arguments), musevals(getattr(museval.metrics, name), *arguments))


@pytest.mark.parametrize("permute", [False, True])
@pytest.mark.parametrize("name", ["bss_eval_sources_framewise", "bss_eval_images_framewise"])
def test_filters_of_every_frame(name: str, permute: bool) -> None:
    arguments = (*signals(2, 1, 7000), 2500, 1250, permute)
    assert_same(getattr(drop_in, name)(*arguments), musevals(getattr(museval.metrics, name), *arguments))


def test_other_filters() -> None:
    references, estimates = signals()
    options = {"window": RATE, "hop": RATE, "filters_len": 100}
    assert_same(
        drop_in.bss_eval(references, estimates, **options),
        musevals(museval.metrics.bss_eval, references, estimates, **options),
    )


def test_mir_evals_functions_are_the_same_but_for_a_dimension() -> None:
    references, estimates = (each[:, :, 0] for each in signals(2, 1, 5000))
    expected = musevals(mir_eval.separation.bss_eval_sources, references, estimates)
    assert_same([each[:, 0] for each in drop_in.bss_eval_sources(references, estimates)], expected)
    expected = musevals(mir_eval.separation.bss_eval_sources_framewise, references, estimates, 2000, 1000)
    assert_same(drop_in.bss_eval_sources_framewise(references, estimates, 2000, 1000), expected)


@pytest.mark.parametrize(
    "arguments",
    [
        (np.ones((2, 1000, 1)), np.ones((3, 1000, 1))),
        (np.ones((2, 1000, 1)), np.ones((2, 999, 1))),
        (np.zeros((2, 1000, 1)), np.ones((2, 1000, 1))),
        (np.ones((2, 1000, 1)), np.zeros((2, 1000, 1))),
        (np.ones((2, 10, 1, 1)), np.ones((2, 10, 1, 1))),
    ],
)
def test_what_museval_refuses(arguments: tuple[np.ndarray, np.ndarray]) -> None:
    for bss_eval in (museval.metrics.bss_eval, drop_in.bss_eval):
        with pytest.raises(ValueError):
            musevals(bss_eval, *arguments)


def test_nothing_scores_nothing() -> None:
    nothing = np.zeros((0, 0, 0))
    for bss_eval in (museval.metrics.bss_eval, drop_in.bss_eval):
        with pytest.warns(UserWarning, match="empty"):
            assert [each.size for each in bss_eval(nothing, nothing)] == [0] * 5


@pytest.mark.parametrize(("win", "hop"), [(0.5, 100), (100, 0), (np.nan, 100), (-1, 5)])
def test_frames_of_no_length_are_told(win: float, hop: float) -> None:
    with pytest.raises(ValueError, match="expected at least 1"):
        drop_in.evaluate(*signals(), win=win, hop=hop)


def test_tensors_and_lists_are_taken_as_they_are() -> None:
    references, estimates = signals()
    expected = drop_in.evaluate(references, estimates, RATE, RATE)
    tensors = [torch.from_numpy(each).requires_grad_() for each in (references, estimates)]
    for pair in (tensors, [list(each) for each in tensors], [list(references), list(estimates)]):
        for ours, theirs in zip(drop_in.evaluate(*pair, RATE, RATE), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def published_sets() -> list[str]:
    return sorted(path.name.removeprefix("output").removesuffix(".json") for path in PUBLISHED.glob("output*.json"))


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="mir_eval's expected scores are not here")
@pytest.mark.parametrize("number", published_sets() or ["none"])
def test_published_scores(number: str) -> None:
    """All of mir_eval's expected scores: sources and images, whole and by frames, made as its own tests make them."""
    expected = json.loads((PUBLISHED / f"output{number}.json").read_text())
    true, estimated = (_read(PUBLISHED / f"{kind}{number}") for kind in ("ref", "est"))
    for name, wanted in expected.items():
        frames = (wanted["win"], wanted["hop"]) if "win" in wanted else (np.inf, np.inf)
        options = (*frames, "win" not in wanted)
        if "Images" in name:
            several = _several(true, wanted["nchan"], 1.0)
            images = _several(estimated, wanted["nchan"], wanted["gain"])  # "reverse" had no effect when they were made
            *found, order = drop_in.bss_eval_images_framewise(several, images, *options)
        else:
            *found, order = drop_in.bss_eval_sources_framewise(true, estimated, *options)
            found.insert(1, np.full(found[0].shape, np.nan))
        np.testing.assert_array_equal(order.ravel(), np.ravel(wanted["Source permutation"]))
        for ours, ratio in zip(found, RATIOS, strict=True):
            theirs = np.array(wanted.get(f"{ratio}", ours)).reshape(ours.shape)
            compared = ~((ours > ROUNDING) & (theirs > ROUNDING)) & np.isfinite(theirs)
            tolerance = SINGULAR if "Images" in name else TOLERANCE
            np.testing.assert_allclose(ours[compared], theirs[compared], rtol=0, atol=tolerance, err_msg=name)


def _several(mono: np.ndarray, channels: int, gain: float) -> np.ndarray:
    return np.dstack([mono, *([gain * mono] * (channels - 1))])


def _read(folder: Path) -> np.ndarray:
    waves = [soundfile.read(str(path))[0] for path in sorted(folder.glob("*.wav"))]
    return np.stack([wave if wave.ndim == 1 else wave.sum(axis=1) for wave in waves])
