"""BSS Eval: silence, shapes, further estimates, files, devices, and songs that are not well posed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reprosep.metrics import METRICS, References, Scores, bsseval_v4
from reprosep.metrics.frames import Framing
from reprosep.metrics.signals import ArraySignals, FileSignals, Mono
from scores import int16, mixed_estimates, score_frames, stems

RATE = 4000


def assert_same(found: Scores, expected: Scores, tolerance: float = 1e-9) -> None:
    for metric in METRICS:
        np.testing.assert_allclose(getattr(found, metric), getattr(expected, metric), rtol=0, atol=tolerance)


def waves(channels: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Target, accompaniment and estimate, each silent in one second of its own."""
    target, rest = stems(2, channels, round(4.3 * RATE), seed)
    estimate = 0.8 * target + 0.2 * np.roll(rest, 3, axis=0)
    target[:RATE] = 0
    rest[RATE : 2 * RATE] = 0
    estimate[2 * RATE : 3 * RATE] = 0
    return target, rest, estimate


@pytest.mark.parametrize("channels", [1, 2])
def test_reasons_are_the_frames_without_scores(channels: int) -> None:
    found = score_frames(*waves(channels), RATE, RATE)
    assert list(found["dropped"]) == ["silent target", "silent accompaniment", "silent estimate", ""]
    for metric in METRICS:
        np.testing.assert_array_equal(np.isnan(found[metric]), found["dropped"] != "")


def test_channels_that_cancel_count_as_silence() -> None:
    """As in museval: silence is a zero sum over channels."""
    target, rest, estimate = waves(2)
    estimate[3 * RATE : 4 * RATE, 1] = -estimate[3 * RATE : 4 * RATE, 0]
    found = score_frames(target, rest, estimate, RATE, RATE)
    assert np.isnan(found["SDR"][3])
    assert found["dropped"][3] == "silent estimate"


def test_a_song_shorter_than_the_window_is_one_frame() -> None:
    found = score_frames(*(wave[-2000:] for wave in waves(1)), RATE, RATE)
    assert [len(found[metric]) for metric in METRICS] == [1] * 4


def test_silent_songs_have_no_score() -> None:
    references = stems(2, 2, 2 * RATE)
    assert np.isnan(bsseval_v4(references, np.zeros_like(references), RATE).SDR).all()
    assert np.isnan(bsseval_v4(np.zeros_like(references), references, RATE).SIR).all()


def test_sdr_alone_is_the_same_sdr() -> None:
    references = stems(3, 2, 3 * RATE)
    estimates = mixed_estimates(references)
    alone = bsseval_v4(references, estimates, RATE, metrics=("SDR",))
    np.testing.assert_array_equal(alone.SDR, bsseval_v4(references, estimates, RATE).SDR)
    assert np.isnan(alone.SIR).all()


def test_sdr_needs_no_filter() -> None:
    """The three errors add up to the difference of estimate and reference."""
    references = stems(2, 2, 2 * RATE)
    estimates = mixed_estimates(references)
    found = bsseval_v4(references, estimates, RATE)
    for frame in range(2):
        s, e = (signals[:, frame * RATE : (frame + 1) * RATE] for signals in (references, estimates))
        plain = 10 * np.log10((s**2).sum(axis=(1, 2)) / ((e - s) ** 2).sum(axis=(1, 2)))
        np.testing.assert_allclose(found.SDR[:, frame], plain, rtol=0, atol=1e-10)


@pytest.mark.parametrize("hop", [RATE, RATE // 2])
def test_further_estimates_reuse_the_references(hop: int) -> None:
    references = stems(3, 2, 3 * RATE + 500)
    several = [mixed_estimates(references, seed) for seed in (1, 2, 3)]
    expected = [bsseval_v4(references, estimates, RATE, hop) for estimates in several]
    together = References(references, RATE, hop).score(*several)
    kept = References(references, RATE, hop)
    one_by_one = [kept.score(estimates)[0] for estimates in several]
    for found, again, alone in zip(together, one_by_one, expected, strict=True):
        assert_same(found, alone)
        assert_same(again, alone)


def test_some_sources_alone() -> None:
    references = stems(3, 2, 2 * RATE)
    estimates = mixed_estimates(references)
    every = bsseval_v4(references, estimates, RATE)
    (some,) = References(references, RATE).score(estimates[[2, 0]], sources=[2, 0])
    for metric in METRICS:
        np.testing.assert_allclose(getattr(some, metric), getattr(every, metric)[[2, 0]], rtol=0, atol=1e-9)


def test_scores_do_not_depend_on_a_common_scale() -> None:
    references = stems(2, 2, 2 * RATE)
    estimates = mixed_estimates(references)
    assert_same(bsseval_v4(references * 3000, estimates * 3000, RATE), bsseval_v4(references, estimates, RATE))


def test_int16_samples_are_taken_as_they_are() -> None:
    references = stems(2, 2, 2 * RATE)
    estimates = mixed_estimates(references)
    whole = [np.round(signals * 32768).clip(-32768, 32767).astype(np.int16) for signals in (references, estimates)]
    assert_same(bsseval_v4(*whole, RATE), bsseval_v4(references, estimates, RATE))


def test_files_are_streamed_to_the_same_scores(tmp_path: Path) -> None:
    references = stems(2, 2, 3 * RATE + 123)
    estimates = mixed_estimates(references)
    groups = []
    for name, signals in (("references", references), ("estimates", estimates)):
        paths = [tmp_path / f"{name}{number}.wav" for number in range(2)]
        for path, samples in zip(paths, signals, strict=True):
            soundfile.write(str(path), samples, RATE, subtype="PCM_16")
        groups.append(FileSignals([[path] for path in paths]))
    assert_same(bsseval_v4(*groups, RATE), bsseval_v4(references, estimates, RATE))


def test_a_source_may_be_a_sum_of_files(tmp_path: Path) -> None:
    references = stems(2, 1, 3000)
    paths = [tmp_path / f"{number}.wav" for number in range(2)]
    for path, samples in zip(paths, references, strict=True):
        soundfile.write(str(path), samples, RATE, subtype="PCM_16")
    rows = np.empty((1, 4000))
    FileSignals([paths]).read(100, rows)
    expected = np.pad(references.sum(axis=0)[100:, 0], (0, 1100))
    np.testing.assert_allclose(rows[0], expected, atol=1e-12)


def test_files_of_different_rates_are_refused(tmp_path: Path) -> None:
    for rate in (8000, 16000):
        soundfile.write(str(tmp_path / f"{rate}.wav"), np.zeros(100) + 0.1, rate)
    with pytest.raises(ValueError, match="sample rates"):
        FileSignals([[tmp_path / "8000.wav"], [tmp_path / "16000.wav"]])


def test_mono_is_the_mean_of_the_channels() -> None:
    signals = stems(2, 2, 1000)
    rows = np.empty((2, 1000))
    Mono(ArraySignals(signals)).read(0, rows)
    np.testing.assert_allclose(rows, signals.mean(axis=2), atol=1e-15)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_torch_gives_the_same_scores(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU here")
    references = stems(3, 2, 3 * RATE)
    estimates = mixed_estimates(references)
    (found,) = References(references, RATE, device=device).score(estimates)
    assert_same(found, bsseval_v4(references, estimates, RATE))


def test_wrong_shapes_are_refused() -> None:
    references = stems(2, 2, 3000)
    with pytest.raises(ValueError, match="expected 2 sources and 2 channels"):
        bsseval_v4(references, references[:1], RATE)
    with pytest.raises(ValueError, match="expected 2 sources and 2 channels"):
        bsseval_v4(references, references[:, :, :1], RATE)
    with pytest.raises(ValueError, match="expected \\(source, sample, channel\\)"):
        bsseval_v4(references[0, :, 0], references, RATE)
    with pytest.raises(ValueError, match="not a finite number"):
        bsseval_v4(np.where(references > 0.2, np.nan, references), references, RATE)
    with pytest.raises(ValueError, match="expected at least 1"):
        Framing(100, 0, 10)


# ---- well posed or not -------------------------------------------------------------------------------------------


def low_passed(signals: np.ndarray) -> np.ndarray:
    """Signals faded in and out, with nothing in the upper half of the spectrum but rounding of double precision."""
    signals = signals * np.hanning(signals.shape[1])[:, None] ** 2
    spectra = np.fft.rfft(signals, axis=1)
    spectra[:, spectra.shape[1] // 2 :] = 0
    return np.fft.irfft(spectra, signals.shape[1], axis=1)


def test_recordings_of_16_bits_are_well_posed() -> None:
    references = stems(3, 2, 3 * RATE)
    assert not References(references).conditioning.ill_posed
    assert not References(int16(low_passed(references))).conditioning.ill_posed


def test_low_passed_floats_are_ill_posed() -> None:
    conditioning = References(low_passed(stems(3, 2, 3 * RATE))).conditioning
    assert conditioning.ill_posed
    assert conditioning.frequency > 0.25


def test_channels_that_cancel_exactly_are_well_posed() -> None:
    references = stems(3, 2, 3 * RATE)
    references[0, :, 1] = references[0, :, 0]
    references[1, :, 1] = 0
    references[2] = references[1]
    assert not References(references).conditioning.ill_posed


def test_a_quiet_source_is_well_posed() -> None:
    references = stems(2, 2, 3 * RATE)
    references[1] = int16(references[1] / 300)
    assert not References(references).conditioning.ill_posed


def test_more_taps_than_samples_are_ill_posed() -> None:
    assert References(stems(2, 2, 600)).conditioning.ill_posed


def test_the_flag_tells_where_museval_disagrees_with_itself() -> None:
    """Sources in another order: the same scores where the flag is not set, others where it is."""
    import museval

    references = stems(2, 1, 2 * RATE)
    for signals, ill_posed in ((references, False), (low_passed(references), True)):
        estimates = mixed_estimates(signals)
        one = museval.evaluate(signals, estimates, win=RATE, hop=RATE)
        other = museval.evaluate(signals[::-1], estimates[::-1], win=RATE, hop=RATE)
        difference = max(np.abs(a - b[::-1]).max() for a, b in zip(one, other, strict=True))
        assert References(signals).conditioning.ill_posed == ill_posed == (difference > 1e-6)


def test_the_metrics_load_without_the_rest() -> None:
    code = (
        "import sys, reprosep.metrics; print([name for name in ('torch', 'pandas', 'museval') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
