"""The error of whole songs, which chooses the best epoch.

A GPU has little to do in one frame of one song: there a recurrent network hears several songs at once, those of about
one length together. Their errors are the same but for rounding. A processor takes one song after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from reprosep.experiments.target.examples import Example
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import Part, chunks_at_once, estimate_song, estimate_songs
from reprosep.params.scale import Params


def songs_at_once(model: IASS | OpenUnmix, device: torch.device, params: Params) -> int:
    """How many songs a network hears together."""
    several = device.type == "cuda" and isinstance(model, OpenUnmix)
    return params.machine.validation_songs if several else 1


def groups_of(lengths: Sequence[int], numbers: Iterable[int], most: int) -> list[list[int]]:
    """Those of the songs `numbers` that are heard together, at most so many: in their order, or by length."""
    ordered = [*numbers] if most == 1 else sorted(numbers, key=lambda number: lengths[number])
    return [ordered[first : first + most] for first in range(0, len(ordered), most)]


def estimates_of(songs: list[Example], model: IASS | OpenUnmix, params: Params) -> Iterator[tuple[int, Part]]:
    """The estimates of songs, part by part, each with the place of its song."""
    chunk = params.separation.chunk_frames
    if len(songs) > 1 and isinstance(model, OpenUnmix):
        heard = [(partial(_frames, song.mixture[0]), song.mixture.shape[-1]) for song in songs]
        yield from estimate_songs(model, heard, chunk)
        return
    for place, song in enumerate(songs):
        magnitudes = song.mixture[0]
        together = chunks_at_once(model, params.separation)
        parts = estimate_song(model, partial(_frames, magnitudes), magnitudes.shape[-1], chunk, together)
        yield from ((place, part) for part in parts)


def _frames(magnitudes: Tensor, first: int, end: int) -> Tensor:
    return magnitudes[..., first:end]


def song_errors(songs: list[Example], parts: Iterable[tuple[int, Part]]) -> list[Tensor]:
    """Mean squared error of magnitudes over each whole song, on its device; the gate plays no part in it."""
    totals = [torch.zeros((), dtype=torch.double, device=song.target.device) for song in songs]
    for place, (first, part, *_) in parts:
        target = songs[place].target[0, ..., first : first + part.shape[-1]]
        totals[place] += (part - target).square().sum(dtype=torch.double)
    return [total / song.target[0].numel() for total, song in zip(totals, songs, strict=True)]
