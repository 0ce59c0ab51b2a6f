"""A network over a whole song in chunks, with the result of one pass over the song at a bounded memory.

A convolutional network gets as many frames of context on either side as its output depends on, and only the inner
frames are kept; at the song's ends there is no context, as there is none in one pass. Chunks of one shape may pass
together. A recurrent network passes its frame-wise parts in chunks and its recurrent part over the whole song, or over
several songs of any lengths at once.

Shape: magnitudes ``(channel, bin, frame)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn

from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.placement import CPU, answered, device_of
from reprosep.params.work import Separation

Magnitudes = Callable[[int, int], Tensor]  # (first frame, end frame) -> (channel, bin, frame)
# First frame, magnitude estimate (channel, bin, frame), activity logits (frame,) or None; with a pitch head also pitch
# logits (pitch, frame); on the network's device. Of a network of several targets both have an axis of these before.
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


def chunks_at_once(model: IASS | OpenUnmix, settings: Separation) -> int:
    """Chunks of a song that pass the network together: a processor wins nothing by several, and needs their memory."""
    return 1 if device_of(model) == CPU else settings.chunks_at_once


def estimate_songs(model: OpenUnmix, songs: Sequence[tuple[Magnitudes, int]], chunk: int) -> Iterator[tuple[int, Part]]:
    """Estimates of several songs (magnitudes and frames of each), part by part: the song's number, and its part.

    Their frames pass the recurrent part together. That goes frame by frame, so that a device has as much to do at a
    time as there are songs; beyond a song's own end nothing is computed.
    """
    model.eval()
    with torch.inference_mode():
        encoded = [_encoded(model, magnitudes, frames, chunk)[:, 0] for magnitudes, frames in songs]
        lengths = [frames for _, frames in songs]
        recurrent = answered(model, lambda x: model.recur(x, lengths), nn.utils.rnn.pad_sequence(encoded))
        for number, (magnitudes, frames) in enumerate(songs):
            own = recurrent[:, number : number + 1]
            yield from ((number, part) for part in _decoded(model, own, magnitudes, frames, chunk))


def _chunks(frames: int, chunk: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + chunk, frames)) for first in range(0, frames, chunk))


def _convolutional(model: IASS, magnitudes: Magnitudes, frames: int, chunk: int, together: int) -> Iterator[Part]:
    context = model.context_frames
    windows = [(a, b, max(a - context, 0), min(b + context, frames)) for a, b in _chunks(frames, chunk)]
    for batch in _batches(windows, together):
        seen = torch.stack([magnitudes(low, high) for *_, low, high in batch])
        estimates, logits, *pitches = answered(model, model, seen.contiguous(memory_format=torch.channels_last))
        for number, (first, end, low, _) in enumerate(batch):
            inner = slice(first - low, end - low)
            logit = None if logits is None else logits[number, ..., inner].float()
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
    recurrent = answered(model, model.recur, _encoded(model, magnitudes, frames, chunk))
    yield from _decoded(model, recurrent, magnitudes, frames, chunk)


def _encoded(model: OpenUnmix, magnitudes: Magnitudes, frames: int, chunk: int) -> Tensor:
    """``(frame, 1, hidden)``"""
    parts = (magnitudes(first, end)[None] for first, end in _chunks(frames, chunk))
    return torch.cat([answered(model, model.encode, part) for part in parts])


def _decoded(model: OpenUnmix, states: Tensor, magnitudes: Magnitudes, frames: int, chunk: int) -> Iterator[Part]:
    for first, end in _chunks(frames, chunk):
        estimate = answered(model, model.decode, states[first:end], magnitudes(first, end)[None])
        yield first, estimate[0].float(), None
