"""The short-time Fourier transform of all systems: periodic Hann window, not normalised, one-sided.

Conventions
-----------
Waves are ``(batch, channel, sample)``; spectrograms ``(batch, channel, bin, frame)``.
``center=False`` (training): frame k covers samples ``[k·hop, k·hop + n_fft)``.
``center=True`` (whole songs): the wave is reflected by ``n_fft / 2`` at both ends, so frame k is centred on k·hop.

References
----------
Open-Unmix v1 and the IASS code (``n_fft`` 4096, ``hop`` 1024 at 44.1 kHz).
"""

from __future__ import annotations

import numpy as np
import torch

from reprosep.params.data import Stft


def stft(wave: torch.Tensor, n_fft: int, hop: int, center: bool, window: torch.Tensor | None = None) -> torch.Tensor:
    """Complex spectrogram ``(batch, channel, bin, frame)`` of a wave ``(batch, channel, sample)``; Hann if not told."""
    batch, channels, samples = wave.shape
    window = torch.hann_window(n_fft, device=wave.device, dtype=wave.dtype) if window is None else window
    spectrum = torch.stft(
        wave.reshape(batch * channels, samples),
        n_fft,
        hop,
        window=window,
        center=center,
        pad_mode="reflect",
        return_complex=True,
    )
    return spectrum.reshape(batch, channels, *spectrum.shape[1:])


def istft(
    spectra: torch.Tensor, n_fft: int, hop: int, samples: int, window: torch.Tensor | None = None
) -> torch.Tensor:
    """Waves ``(batch, sample)`` of that many samples from centred spectra ``(batch, bin, frame)``; Hann if not told."""
    window = torch.hann_window(n_fft) if window is None else window
    return torch.istft(spectra, n_fft, hop, window=window, length=samples)


def root_hann(n_fft: int, device: torch.device | None = None) -> torch.Tensor:
    """Square root of the periodic Hann window: applied in analysis and in synthesis, the two make a Hann window."""
    return torch.hann_window(n_fft, device=device).sqrt()


def frame_count(samples: int, n_fft: int, hop: int, center: bool) -> int:
    """Frames that :func:`stft` gives for that many samples."""
    return samples // hop + 1 if center else (samples - n_fft) // hop + 1


def bins_below(bandwidth: float, sample_rate: int, n_fft: int) -> int:
    """Bins whose frequency is at most `bandwidth` Hz: 1487 for 16 kHz of 2049 bins at 44.1 kHz."""
    frequencies = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    return int(np.searchsorted(frequencies, bandwidth, side="right"))


def model_bins(stft_params: Stft, sample_rate: int) -> tuple[int, int]:
    """(bins shown to a network, all bins)."""
    return bins_below(stft_params.bandwidth, sample_rate, stft_params.n_fft), stft_params.n_fft // 2 + 1
