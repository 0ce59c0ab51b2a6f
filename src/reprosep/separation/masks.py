"""Spectrograms of tracks on which masks are multiplied, the way back, and ideal masks of them.

A mask is multiplied on the mixture's spectrum, whose phase it keeps. The window of the analysis is that of the
synthesis, so that a mask of ones gives the mixture.

Shape: waves ``(sample,)``, spectra and masks ``(bin, frame)``.

    IBM       1 where |S| > |R|, else 0            IRM     |S| / (|S| + |R|)
    Wiener    |S|^2 / (|S|^2 + |R|^2)              tPSF    |S| cos(∠S - ∠X) / |X|, truncated to 0 … 1

with the STFTs S of the target, R of all else and X = S + R of the mixture.

References
----------
Manilow et al., Slakh (WASPAA 2019), Sections 3.1 and 3.3. Erdogan et al., ICASSP 2015 (phase-sensitive filter).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import istft, root_hann, stft
from reprosep.params.scale import Params

_TINY = 1e-12


class MixtureSpectrum:
    """Centred STFTs of a song and the way back."""

    def __init__(self, params: Params, samples: int) -> None:
        self.n_fft, self.hop, self.samples = params.stft.n_fft, params.stft.hop, samples
        rooted = params.models.blstm.window == "sqrt-hann"
        self.window = root_hann(self.n_fft) if rooted else torch.hann_window(self.n_fft)

    @property
    def length(self) -> int:
        """Samples that are transformed: whole hops, so that the last one too lies between the centres of two frames."""
        return max(-(-self.samples // self.hop) * self.hop, self.n_fft)

    def of(self, wave: np.ndarray) -> Tensor:
        """The spectrum of a wave, which is continued with zeros."""
        padded = np.zeros(self.length, np.float32)
        padded[: len(wave)] = wave
        return stft(torch.from_numpy(padded)[None, None], self.n_fft, self.hop, center=True, window=self.window)[0, 0]

    def back(self, spectrum: Tensor) -> np.ndarray:
        """The wave of a spectrum, float32, as long as the song."""
        wave = istft(spectrum[None], self.n_fft, self.hop, self.length, self.window)[0]
        return np.asarray(wave[: self.samples].numpy(), dtype=np.float32)


def ideal_estimate(kind: str, target: np.ndarray, mixture: np.ndarray, params: Params) -> np.ndarray:
    """The estimate of an ideal mask, or for ``input`` the mixture itself."""
    if kind == "input":
        return mixture
    transform = MixtureSpectrum(params, len(mixture))
    spectrum = transform.of(mixture)
    return transform.back(spectrum * ideal_mask(kind, transform.of(target), spectrum))


def ideal_mask(kind: str, target: Tensor, mixture: Tensor) -> Tensor:
    """The mask ``ibm``, ``irm``, ``wiener`` or ``tpsf`` of a target's spectrum in that of the mixture."""
    part, rest = target.abs(), (mixture - target).abs()
    if kind == "ibm":
        return (part > rest).float()
    if kind == "tpsf":
        aligned = (target * mixture.conj()).real / mixture.abs().square().clamp_min(_TINY)
        return aligned.clamp(0, 1)
    power = 2 if kind == "wiener" else 1
    return part**power / (part**power + rest**power).clamp_min(_TINY)
