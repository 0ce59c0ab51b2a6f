"""BSS Eval version 3 for sources against mir_eval, and against its published expected scores."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import mir_eval.separation
import numpy as np
import pytest
import soundfile

from reprosep.metrics import bsseval_v3
from scores import mixed_estimates, stems

TOLERANCE = 1e-6  # dB
ROUNDING = 120.0  # dB: what is above is rounding in both
PUBLISHED = Path(__file__).parents[2].parent / "shared/data/parity/mir_eval_separation"


def assert_equal(references: np.ndarray, estimates: np.ndarray, permute: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        *expected, order = mir_eval.separation.bss_eval_sources(references, estimates, compute_permutation=permute)
    found = bsseval_v3(references, estimates, permute)
    for ours, theirs in zip((found.SDR, found.SIR, found.SAR), expected, strict=True):
        compared = ~((ours > ROUNDING) & (theirs > ROUNDING))
        np.testing.assert_allclose(ours[compared], theirs[compared], rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(found.permutation, order)


@pytest.mark.parametrize("permute", [False, True])
@pytest.mark.parametrize("sources", [1, 2, 3, 4])
def test_any_number_of_sources(sources: int, permute: bool) -> None:
    references = stems(sources, 1, 6000)
    estimates = mixed_estimates(references)[::-1] if permute else mixed_estimates(references)
    assert_equal(references[:, :, 0], estimates[:, :, 0], permute)


@pytest.mark.parametrize("change", ["scaled", "perfect", "mixture", "duplicated", "quiet"])
def test_special_signals(change: str) -> None:
    references = stems(3, 1, 6000)[:, :, 0]
    estimates = mixed_estimates(references[:, :, None])[:, :, 0]
    if change == "scaled":
        estimates[0] = 0.5 * references[0]
    elif change == "perfect":
        estimates = references.copy()
    elif change == "mixture":
        estimates[:] = references.sum(axis=0)
    elif change == "duplicated":
        references[1] = references[0]
    else:
        references[2] = np.round(references[2] * 100) / 32768
    assert_equal(references, estimates, False)


def test_more_than_one_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="mono"):
        bsseval_v3(stems(2, 2, 2000), stems(2, 2, 2000))


def published_sets() -> list[str]:
    return sorted(path.name.removeprefix("output").removesuffix(".json") for path in PUBLISHED.glob("output*.json"))


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="mir_eval's expected scores are not here")
@pytest.mark.parametrize("number", published_sets() or ["none"])
def test_published_scores(number: str) -> None:
    references, estimates = (_read(PUBLISHED / f"{kind}{number}") for kind in ("ref", "est"))
    expected = json.loads((PUBLISHED / f"output{number}.json").read_text())["Sources"]
    found = bsseval_v3(references, estimates, permute=True)
    for ours, name in ((found.SDR, "Distortion"), (found.SIR, "Interference"), (found.SAR, "Artifact")):
        theirs = np.array(expected[f"Source to {name}"])
        compared = ~((ours > ROUNDING) & (theirs > ROUNDING))
        np.testing.assert_allclose(ours[compared], theirs[compared], rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(found.permutation, expected["Source permutation"])


def _read(folder: Path) -> np.ndarray:
    waves = [soundfile.read(str(path))[0] for path in sorted(folder.glob("*.wav"))]
    return np.stack([wave if wave.ndim == 1 else wave.sum(axis=1) for wave in waves])
