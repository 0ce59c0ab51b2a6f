"""Sizes of the spectrogram, and the chunked transform against torch's of the whole wave."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.audio.stft import bins_below, frame_count, stft


def test_bins_of_the_paper() -> None:
    assert bins_below(16000, 44100, 4096) == 1487


@pytest.mark.parametrize(("bandwidth", "bins"), [(0.0, 1), (4000.0, 257), (3999.0, 256), (16000.0, 257)])
def test_bins_below_a_frequency(bandwidth: float, bins: int) -> None:
    assert bins_below(bandwidth, 8000, 512) == bins


def test_six_seconds_are_255_frames() -> None:
    assert frame_count(6 * 44100, 4096, 1024, center=False) == 255
    assert stft(torch.zeros(1, 1, 6 * 44100), 4096, 1024, center=False).shape == (1, 1, 2049, 255)


@given(samples=some.integers(300, 3000), center=some.booleans())
def test_frame_count_is_what_the_transform_gives(samples: int, center: bool) -> None:
    spectrum = stft(torch.zeros(2, 2, samples), 256, 64, center)
    assert spectrum.shape == (2, 2, 129, frame_count(samples, 256, 64, center))


def whole(wave: np.ndarray, n_fft: int, hop: int) -> torch.Tensor:
    padded = np.pad(wave, ((0, 0), (0, max(n_fft // 2 + 1 - wave.shape[1], 0))))
    spectrum = torch.stft(
        torch.from_numpy(padded), n_fft, hop, window=torch.hann_window(n_fft), center=True, return_complex=True
    )
    return spectrum[..., : wave.shape[1] // hop + 1]


@settings(max_examples=60, deadline=None)
@given(
    samples=some.one_of(some.integers(1, 200), some.integers(200, 4000)),
    parts=some.sampled_from([2, 4, 8]),
    chunk=some.integers(1, 40),
    channels=some.integers(1, 2),
)
def test_chunks_equal_the_whole(samples: int, parts: int, chunk: int, channels: int) -> None:
    n_fft = 128
    hop = n_fft // parts
    wave = np.random.default_rng(samples).normal(size=(channels, samples)).astype(np.float32)
    spectrum = ChunkedSpectrum(wave, n_fft, hop)
    found = torch.cat(
        [spectrum.chunk(a, min(a + chunk, spectrum.frames)) for a in range(0, spectrum.frames, chunk)], dim=-1
    )
    torch.testing.assert_close(found, whole(wave, n_fft, hop), atol=1e-5, rtol=0)


@settings(max_examples=60, deadline=None)
@given(samples=some.integers(100, 4000), parts=some.sampled_from([2, 4]), chunk=some.integers(1, 40))
def test_inverse_equals_torchs(samples: int, parts: int, chunk: int) -> None:
    n_fft = 128
    hop = n_fft // parts
    random = np.random.default_rng(samples)
    wave = random.normal(size=(2, samples)).astype(np.float32)
    spectrum = ChunkedSpectrum(wave, n_fft, hop)
    reference = whole(wave, n_fft, hop)
    mask = random.uniform(0, 2, size=reference.shape).astype(np.float32)
    gate = random.random(spectrum.frames) < 0.7
    magnitudes = reference.abs().numpy() * mask
    expected = torch.istft(
        reference * torch.from_numpy(mask * gate), n_fft, hop, window=torch.hann_window(n_fft), length=samples
    )
    # The last quarter of the last window weighs almost nothing: dividing by it would enlarge every error.
    end = (spectrum.frames - 1) * hop + n_fft // 4
    found = spectrum.inverse(magnitudes, gate, chunk)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found[:, :end], expected.numpy()[:, :end], atol=1e-5)


@pytest.mark.parametrize("samples", [1, 2, 63, 64, 65, 127, 128, 129, 1000])
def test_a_wave_comes_back_from_its_own_magnitudes(samples: int) -> None:
    wave = np.random.default_rng(samples).normal(size=(1, samples)).astype(np.float32)
    spectrum = ChunkedSpectrum(wave, 128, 32)
    magnitudes = spectrum.chunk(0, spectrum.frames).abs().numpy()
    np.testing.assert_allclose(spectrum.inverse(magnitudes, None, 7), wave, atol=1e-5)


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("rest", [0, 1, 64, 200, 240, 250, 255])
def test_a_masked_song_does_not_end_in_a_click(parts: int, rest: int) -> None:
    """What a mask leaves does not vanish towards the ends of a window; the window's own weight does."""
    n_fft = 256 * parts
    random = np.random.default_rng(rest)
    wave = 0.1 * random.normal(size=(1, 256 * 40 + rest)).astype(np.float32)
    spectrum = ChunkedSpectrum(wave, n_fft, 256)
    mask = random.random((1, n_fft // 2 + 1, spectrum.frames)).astype(np.float32)
    found = spectrum.inverse(spectrum.chunk(0, spectrum.frames).abs().numpy() * mask, None, 16)
    assert np.abs(found[:, -256:]).max() < 3 * np.abs(found[:, :-256]).max()
