"""From a network that masks sources and a song's mixture to sound, chunk by chunk.

The mask of a chunk is taken back to linear frequencies and multiplied on the mixture's spectrum, whose phase it keeps;
chunks follow each other without a cross-fade, the last one padded with zeros, samples clipped to full scale.

Shape: waves ``(source, sample)``; gates and labels ``(source, frame)`` in frames of a centred STFT of the song.

References
----------
Kadandale et al. 2020, Section IV, and their released code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reprosep.audio.stft import istft, stft
from reprosep.audio.warp import unwarp, warp
from reprosep.experiments.sources.examples import EPSILON
from reprosep.models.cunet import CUNet
from reprosep.models.placement import answered
from reprosep.models.unet import UNet
from reprosep.params.networks import UNetSize
from reprosep.params.scale import Params
from reprosep.params.work import WienerFilter
from reprosep.separation.wiener import filtered_frames


@dataclass
class SourcesEstimate:
    """One forward pass over a song; any gate can be applied to it afterwards.

    Attributes
    ----------
    masks
        ``(chunk, source, bin, frame)``, linear frequencies.
    probability
        ``(source, frame)``, or None without activity heads.
    """

    spectra: Tensor
    masks: Tensor
    probability: np.ndarray | None
    samples: int
    n_fft: int
    hop: int

    def waves(self, gates: np.ndarray | None = None) -> np.ndarray:
        """The estimates, frames weighted by `gates` ``(source, frame)``."""
        return self._inverse(self._gated(gates) * self.spectra)

    def filtered(self, gates: np.ndarray | None, settings: WienerFilter) -> np.ndarray:
        """The estimates, frames weighted by `gates`, behind the Wiener filter of all sources.

        Chunks are filtered as they are separated, each on its own; the sources of a setting are all that is in a
        mixture, so that there is a residual only where the parameters always want one.
        """
        magnitudes, residual = self._gated(gates) * self.spectra.abs(), settings.residual == "always"
        chunks = zip(magnitudes[:, :, None], self.spectra, strict=True)
        filtered = [filtered_frames(own, mixture, settings, residual)[:, 0] for own, mixture in chunks]
        return self._inverse(torch.stack(filtered))

    def _gated(self, gates: np.ndarray | None) -> Tensor:
        """The masks, frames weighted by `gates`."""
        return self.masks if gates is None else self.masks * self._by_chunk(gates)

    def _inverse(self, spectra: Tensor) -> np.ndarray:
        """The waves of a song from spectra ``(chunk, source, bin, frame)``."""
        length = (spectra.shape[-1] - 1) * self.hop
        waves = istft(spectra.flatten(0, 1), self.n_fft, self.hop, length)
        chunks = waves.unflatten(0, spectra.shape[:2]).clamp(-1, 1)
        song: np.ndarray = chunks.transpose(0, 1).flatten(1)[:, : self.samples].numpy()
        return song

    def _by_chunk(self, gates: np.ndarray) -> Tensor:
        """Gates of a song as ``(chunk, source, 1, frame)``; the frame between two chunks belongs to both."""
        count, frames = len(self.masks), self.masks.shape[-1]
        padded = np.zeros((len(gates), count * (frames - 1) + 1), np.float32)
        padded[:, : gates.shape[1]] = gates[:, : padded.shape[1]]
        parts = [padded[:, number * (frames - 1) : number * (frames - 1) + frames] for number in range(count)]
        return torch.from_numpy(np.stack(parts))[:, :, None]


def separate_sources(
    model: UNet | CUNet, mixture: np.ndarray, params: Params, size: UNetSize, chunk_samples: int, sources: int
) -> SourcesEstimate:
    """Estimate the sources of a mixture ``(sample,)``, float32."""
    n_fft, hop = params.stft.n_fft, params.stft.hop
    count = max(-(-len(mixture) // chunk_samples), 1)
    padded = np.zeros((count, 1, chunk_samples), np.float32)
    padded.reshape(-1)[: len(mixture)] = mixture
    spectra = stft(torch.from_numpy(padded), n_fft, hop, center=True)
    masks, logits = [], []
    model.eval()
    with torch.inference_mode():
        for chunk in spectra.split(params.separation.chunks_at_once):
            mask, logit = answered(model, lambda heard: _unwarped_masks(model, heard, size, sources), chunk.abs())
            masks.append(mask.cpu())
            if logit is not None:
                logits.append(logit.cpu())
        probability = _song_probability(torch.cat(logits), len(mixture) // hop + 1) if logits else None
        return SourcesEstimate(spectra, torch.cat(masks), probability, len(mixture), n_fft, hop)


def _unwarped_masks(
    model: UNet | CUNet, magnitudes: Tensor, size: UNetSize, sources: int
) -> tuple[Tensor, Tensor | None]:
    """Masks ``(chunk, source, bin, frame)`` of linear frequencies, and logits of activity heads if there are any."""
    warped = warp(magnitudes + EPSILON, size.bins, size.align_corners).log()
    parts = list(_masks(model, warped, sources))
    mask = torch.cat([mask for mask, _ in parts], dim=1)
    return unwarp(mask, magnitudes.shape[2], size.align_corners), parts[0][1]


def _masks(model: UNet | CUNet, inputs: Tensor, sources: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    """All masks at once, or one per condition."""
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    if not isinstance(model, CUNet):
        yield model(inputs)
        return
    for condition in torch.eye(sources, device=inputs.device):
        yield model(inputs, condition.expand(len(inputs), -1))


def _song_probability(logits: Tensor, frames: int) -> np.ndarray:
    """Probabilities of a song from logits ``(chunk, source, frame)``; a frame between two chunks is the later one's."""
    first = logits[:, :, :-1].transpose(0, 1).flatten(1)
    song = torch.cat([first, logits[-1, :, -1:]], dim=1)[:, :frames]
    probability: np.ndarray = torch.sigmoid(song.double()).numpy()
    return probability
