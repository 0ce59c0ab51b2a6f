"""The error of a whole song, which chooses the best epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from reprosep.experiments.target.examples import Example
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import Part, estimate_song
from reprosep.params.scale import Params


def estimate_of(song: Example, model: IASS | OpenUnmix, params: Params) -> Iterator[Part]:
    """The estimate of a song, part by part."""
    magnitudes = song.mixture[0]
    chunk = params.separation.chunk_frames
    together = (
        params.separation.chunks_at_once if magnitudes.is_cuda else 1
    )  # a processor wins nothing and needs memory
    return estimate_song(model, lambda a, b: magnitudes[..., a:b], magnitudes.shape[-1], chunk, together)


def song_error(song: Example, parts: Iterable[Part]) -> Tensor:
    """Mean squared error of magnitudes over the whole song, on its device; the gate plays no part in it."""
    target = song.target[0]
    total = torch.zeros((), dtype=torch.double, device=target.device)
    for first, part, *_ in parts:
        total += (part - target[..., first : first + part.shape[-1]]).square().sum(dtype=torch.double)
    return total / target.numel()
