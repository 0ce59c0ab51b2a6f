"""From a network and a mixture to sound: the network's magnitudes with the mixture's phase, no Wiener filter.

Works in chunks of frames throughout, with the result of one pass over the song: the whole song is held as samples and
as one array of magnitudes, everything else by the chunk.

Shape: waves ``(channel, sample)``, magnitudes ``(channel, bin, frame)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from reprosep.audio.stft import stft
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import estimate_song
from reprosep.params.scale import Params

_TINY = 1e-12  # keeps the phase of empty bins defined
# Squared windows add up to 0.5 at least, but at the end of a song with a hop of half a window: there the last samples
# fade out, where dividing by almost nothing would turn what a mask leaves of them into a loud click.
_LEAST_WEIGHT = 0.1


class ChunkedSpectrum:
    """The centred STFT of a wave, computed by the chunk of frames, and its inverse."""

    def __init__(self, wave: np.ndarray, n_fft: int, hop: int) -> None:
        self.n_fft, self.hop, self.samples = n_fft, hop, wave.shape[1]
        self.frames = self.samples // hop + 1
        # Songs shorter than the padding cannot be reflected; they are continued with zeros first.
        needed = n_fft // 2 + 1 - self.samples
        wave = np.pad(wave, ((0, 0), (0, max(needed, 0))))
        self._padded = torch.from_numpy(np.pad(wave, ((0, 0), (n_fft // 2, n_fft // 2)), mode="reflect"))

    def chunk(self, first: int, end: int) -> torch.Tensor:
        """Complex frames ``first … end - 1``, ``(channel, bin, frame)``."""
        samples = self._padded[:, first * self.hop : (end - 1) * self.hop + self.n_fft]
        return stft(samples[None], self.n_fft, self.hop, center=False)[0]

    def inverse(self, magnitudes: np.ndarray, gate: np.ndarray | None, chunk: int) -> np.ndarray:
        """The wave of `magnitudes` with this spectrum's phase, frames weighted by `gate`, by weighted overlap-add."""
        parts, channels = self.n_fft // self.hop, magnitudes.shape[0]
        window = torch.hann_window(self.n_fft)
        blocks = torch.zeros(channels, self.frames + parts, self.hop)
        weight = torch.zeros(self.frames + parts, self.hop)
        for first in range(0, self.frames, chunk):
            end = min(first + chunk, self.frames)
            frames = self._frames(magnitudes, gate, first, end) * window
            squares = (window**2).reshape(parts, self.hop)
            for part in range(parts):
                rows = slice(part * self.hop, (part + 1) * self.hop)
                blocks[:, first + part : end + part] += frames[..., rows]
                weight[first + part : end + part] += squares[part]
        wave = (blocks / weight.clamp_min(_LEAST_WEIGHT)).reshape(channels, -1)
        return wave[:, self.n_fft // 2 : self.n_fft // 2 + self.samples].numpy()

    def _frames(self, magnitudes: np.ndarray, gate: np.ndarray | None, first: int, end: int) -> torch.Tensor:
        """Windowless time frames ``(channel, frame, sample)`` of a chunk."""
        spectrum = self.chunk(first, end)
        wanted = torch.from_numpy(magnitudes[:, :, first:end])
        if gate is not None:
            wanted = wanted * torch.from_numpy(gate[first:end].astype(np.float32))
        spectrum *= wanted / spectrum.abs().clamp_min(_TINY)
        return torch.fft.irfft(spectrum.transpose(1, 2), n=self.n_fft)


@dataclass
class Estimate:
    """One forward pass over a song; any gate can be applied to it afterwards."""

    spectrum: ChunkedSpectrum
    magnitudes: np.ndarray
    probability: np.ndarray | None
    chunk: int

    def wave(self, gate: np.ndarray | None = None) -> np.ndarray:
        """The estimate's wave ``(channel, sample)``, frames weighted by `gate` ``(frame,)``."""
        return self.spectrum.inverse(self.magnitudes, gate, self.chunk)


def separate(model: IASS | OpenUnmix, mixture: np.ndarray, params: Params) -> Estimate:
    """Estimate the target of `model` in a mixture ``(channel, sample)``, float32."""
    spectrum = ChunkedSpectrum(mixture, params.stft.n_fft, params.stft.hop)
    magnitudes = np.empty((mixture.shape[0], params.stft.n_fft // 2 + 1, spectrum.frames), np.float32)
    logits = np.zeros(spectrum.frames, np.float32)
    has_head = False
    chunk = params.separation.chunk_frames
    parts = estimate_song(model, lambda a, b: spectrum.chunk(a, b).abs(), spectrum.frames, chunk)
    for first, part, logit in parts:
        magnitudes[:, :, first : first + part.shape[-1]] = part.numpy()
        if logit is not None:
            has_head = True
            logits[first : first + len(logit)] = logit.numpy()
    probability = 1 / (1 + np.exp(-logits.astype(np.float64))) if has_head else None
    return Estimate(spectrum, magnitudes, probability, chunk)
