"""A network over a whole song in chunks, with the result of one pass over the song at a bounded memory.

A convolutional network gets as many frames of context on either side as its output depends on, and only the inner
frames are kept; at the song's ends there is no context, as there is none in one pass. Chunks of one shape may pass
together. A recurrent network passes its frame-wise parts in chunks and its recurrent part over the whole song.

Shape: magnitudes ``(channel, bin, frame)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import torch
from torch import Tensor

from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix

Magnitudes = Callable[[int, int], Tensor]  # (first frame, end frame) -> (channel, bin, frame)
# First frame, magnitude estimate (channel, bin, frame), activity logits (frame,) or None; with a pitch head also pitch
# logits (pitch, frame); on the network's device.
Part = tuple[int, Tensor, Tensor | None] | tuple[int, Tensor, Tensor | None, Tensor]
_Window = tuple[int, int, int, int]  # first frame and end of what is kept, and of what the network sees


def estimate_song(
    model: IASS | OpenUnmix, magnitudes: Magnitudes, frames: int, chunk: int, together: int = 1
) -> Iterator[Part]:
    """The estimate of a song, part by part in order; up to `together` chunks pass the network at once."""
    model.eval()
    with torch.inference_mode():
        if isinstance(model, OpenUnmix):
            yield from _recurrent(model, magnitudes, frames, chunk)
        else:
            yield from _convolutional(model, magnitudes, frames, chunk, together)


def _chunks(frames: int, chunk: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + chunk, frames)) for first in range(0, frames, chunk))


def _convolutional(model: IASS, magnitudes: Magnitudes, frames: int, chunk: int, together: int) -> Iterator[Part]:
    context = model.context_frames
    windows = [(a, b, max(a - context, 0), min(b + context, frames)) for a, b in _chunks(frames, chunk)]
    for batch in _batches(windows, together):
        seen = torch.stack([magnitudes(low, high) for *_, low, high in batch])
        estimates, logits, *pitches = model(seen.contiguous(memory_format=torch.channels_last))
        for number, (first, end, low, _) in enumerate(batch):
            inner = slice(first - low, end - low)
            logit = None if logits is None else logits[number, inner].float()
            estimate = estimates[number, ..., inner].float()
            if pitches:
                yield first, estimate, logit, pitches[0][number, :, inner].float()
            else:
                yield first, estimate, logit


def _batches(windows: list[_Window], most: int) -> Iterator[list[_Window]]:
    """Windows that follow each other and have one shape, at most `most` together."""
    for _, same in groupby(windows, key=lambda window: (window[0] - window[2], window[3] - window[2])):
        alike = list(same)
        yield from (alike[first : first + most] for first in range(0, len(alike), most))


def _recurrent(model: OpenUnmix, magnitudes: Magnitudes, frames: int, chunk: int) -> Iterator[Part]:
    encoded = torch.cat([model.encode(magnitudes(first, end)[None]) for first, end in _chunks(frames, chunk)])
    recurrent = model.recur(encoded)
    for first, end in _chunks(frames, chunk):
        yield first, model.decode(recurrent[first:end], magnitudes(first, end)[None])[0].float(), None
