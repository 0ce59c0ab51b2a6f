"""The error of a whole song, which chooses the best epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import torch

from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import estimate_song
from reprosep.params import Params
from reprosep.training.examples import Example

Part = tuple[int, np.ndarray, np.ndarray | None]  # first frame, magnitudes (channel, bin, frame), activity logits


def estimate_of(song: Example, model: IASS | OpenUnmix, params: Params, device: torch.device) -> Iterator[Part]:
    """The estimate of a song, part by part."""
    part_of = partial(_frames, song.mixture[0].to(device))
    return estimate_song(model, part_of, song.mixture.shape[-1], params.separation.chunk_frames)


def song_error(song: Example, parts: Iterable[Part]) -> float:
    """Mean squared error of magnitudes over the whole song; the gate plays no part in it."""
    target = song.target[0].numpy()
    squares = sum(
        float(((part - target[..., first : first + part.shape[-1]]) ** 2).sum(dtype="float64"))
        for first, part, _ in parts
    )
    return squares / target.size


def _frames(magnitudes: torch.Tensor, first: int, end: int) -> torch.Tensor:
    return magnitudes[..., first:end]
