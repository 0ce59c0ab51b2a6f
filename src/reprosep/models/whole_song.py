"""A network over a whole song in chunks, with the result of one pass over the song at a bounded memory.

A convolutional network gets as many frames of context on either side as its output depends on, and only the inner
frames are kept; at the song's ends there is no context, as there is none in one pass. A recurrent network passes its
frame-wise parts in chunks and its recurrent part over the whole song.

Shape: magnitudes ``(channel, bin, frame)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix

Magnitudes = Callable[[int, int], torch.Tensor]  # (first frame, end frame) -> (channel, bin, frame)


def estimate_song(
    model: IASS | OpenUnmix, magnitudes: Magnitudes, frames: int, chunk: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
    """Yield (first frame, magnitude estimate ``(channel, bin, frame)``, activity logits ``(frame,)`` or None)."""
    model.eval()
    with torch.inference_mode():
        if isinstance(model, OpenUnmix):
            yield from _recurrent(model, magnitudes, frames, chunk)
        else:
            yield from _convolutional(model, magnitudes, frames, chunk)


def _chunks(frames: int, chunk: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + chunk, frames)) for first in range(0, frames, chunk))


def _convolutional(
    model: IASS, magnitudes: Magnitudes, frames: int, chunk: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
    for first, end in _chunks(frames, chunk):
        low, high = max(first - model.context_frames, 0), min(end + model.context_frames, frames)
        estimate, logit = model(magnitudes(low, high)[None])
        inner = slice(first - low, end - low)
        yield (
            first,
            estimate[0, :, :, inner].float().cpu().numpy(),
            (None if logit is None else logit[0, inner].float().cpu().numpy()),
        )


def _recurrent(
    model: OpenUnmix, magnitudes: Magnitudes, frames: int, chunk: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
    encoded = torch.cat([model.encode(magnitudes(first, end)[None]) for first, end in _chunks(frames, chunk)])
    recurrent = model.recur(encoded)
    for first, end in _chunks(frames, chunk):
        estimate = model.decode(recurrent[first:end], magnitudes(first, end)[None])
        yield first, estimate[0].float().cpu().numpy(), None
