"""Whether a corpus as it is computed fits a network that separates all sources, told before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reprosep.base.errors import UserError
from reprosep.params.scale import Params


def chunk_samples(params: Params) -> int:
    """Samples of a training chunk: a whole number of hops, so that its frames are frames of the song."""
    samples = round(params.training.chunk_seconds * params.audio.sample_rate)
    return samples - samples % params.stft.hop


def clip_frames(params: Params) -> int:
    """Frames of a clip that a detector is shown."""
    return max(round(params.detection.clip_seconds * params.audio.sample_rate / params.stft.hop), 1)


def check_agree(params: Params, corpora: Sequence[str]) -> None:
    """See that several corpora on which one network is trained or scored are mono and computed alike.

    Raises
    ------
    UserError
        With the first key that differs.
    """
    first, others = corpora[0], corpora[1:]
    for name in corpora if others else []:
        channels = params.corpora[name].channels
        if channels != 1:
            raise UserError(
                f"params: corpora.{name}.channels: {channels}, but corpora trained on together are mono; set it to 1"
            )
        for section in ("audio", "stft", "activity", "clips"):
            own, other = (getattr(params.of_corpus(one), section) for one in (name, first))
            for key in type(own).model_fields:
                mine, theirs = getattr(own, key), getattr(other, key)
                if mine != theirs:
                    raise UserError(
                        f"params: corpora.{name}.settings.{section}.{key}: {mine}, but {theirs} on '{first}', "
                        "with which it is trained or scored together; make the two equal"
                    )


def check_fits(params: Params, corpus: str, model: str) -> None:
    """See that chunks and frequencies of a corpus can be halved as often as a U-Net wants.

    Raises
    ------
    UserError
        With the first key that does not fit.
    """
    channels = params.corpora[corpus].channels
    if channels != 1:
        raise UserError(f"params: corpora.{corpus}.channels: {channels}, but '{model}' is for mono; set it to 1")
    own = params.of_corpus(corpus)
    size = own.models.of_sources(model)
    if any(wide != 2 * narrow for narrow, wide in pairwise(size.widths)):
        raise UserError(f"params: models.{model}.widths: {size.widths} must double from block to block")
    factor = 2 ** (len(size.widths) - 1)
    if size.bins % factor:
        raise UserError(
            f"params: models.{model}.bins: {size.bins} must be a multiple of {factor} for {len(size.widths)} widths"
        )
    frames = chunk_samples(own) // own.stft.hop + 1
    if frames % factor:
        seconds = (max(frames // factor, 1) * factor - 1) * own.stft.hop / own.audio.sample_rate
        raise UserError(
            f"params: corpora.{corpus}.settings.training.chunk_seconds: {own.training.chunk_seconds} s are {frames} "
            f"frames, expected a multiple of {factor} for the widths of '{model}', as {seconds:.4g} s are"
        )
