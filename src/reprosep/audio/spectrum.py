"""The spectrum of a whole song by the chunk of frames, and the way back to sound.

Shape: waves ``(channel, sample)``, magnitudes ``(channel, bin, frame)``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from reprosep.audio.stft import stft

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

        def frames(first: int, end: int) -> torch.Tensor:
            spectrum = self.chunk(first, end)
            wanted = torch.from_numpy(magnitudes[:, :, first:end])
            if gate is not None:
                wanted = wanted * torch.from_numpy(gate[first:end].astype(np.float32))
            spectrum *= wanted / spectrum.abs().clamp_min(_TINY)
            return spectrum

        return self.synthesis(frames, magnitudes.shape[0], chunk)

    def synthesis(self, spectra: Callable[[int, int], torch.Tensor], waves: int, chunk: int) -> np.ndarray:
        """Waves ``(wave, sample)``, float32, of other spectra of the same frames, by weighted overlap-add.

        `spectra` gives the complex frames ``first … end - 1`` of so many waves, ``(wave, bin, frame)``, and is asked
        for `chunk` of them at a time.
        """
        parts = self.n_fft // self.hop
        window = torch.hann_window(self.n_fft)
        blocks = torch.zeros(waves, self.frames + parts, self.hop)
        weight = torch.zeros(self.frames + parts, self.hop)
        for first in range(0, self.frames, chunk):
            end = min(first + chunk, self.frames)
            frames = torch.fft.irfft(spectra(first, end).transpose(1, 2), n=self.n_fft) * window
            squares = (window**2).reshape(parts, self.hop)
            for part in range(parts):
                rows = slice(part * self.hop, (part + 1) * self.hop)
                blocks[:, first + part : end + part] += frames[..., rows]
                weight[first + part : end + part] += squares[part]
        wave = (blocks / weight.clamp_min(_LEAST_WEIGHT)).reshape(waves, -1)
        return wave[:, self.n_fft // 2 : self.n_fft // 2 + self.samples].numpy()
