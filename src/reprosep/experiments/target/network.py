"""The networks that estimate one target, from their description and the parameters of a scale."""

from __future__ import annotations

from reprosep.audio.stft import model_bins
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params


def network(system: TargetSystem, params: Params, channels: int, _targets: int = 1) -> IASS | OpenUnmix:
    """The network of a system, initialised from torch's current random state."""
    bins, all_bins = model_bins(params.stft, params.audio.sample_rate)
    if system.model == "open-unmix":
        size = params.models.open_unmix
        return OpenUnmix(bins, all_bins, channels, size.hidden, size.layers, size.output_mean)
    return IASS(
        bins,
        all_bins,
        channels=channels,
        blocks=system.blocks,
        width=params.models.iass.width,
        activity_head=system.has_head,
        output_mean=params.models.iass.output_mean,
        pitches=params.pitch.count if system.has_pitch else 0,
        pitch_hidden=params.pitch.hidden,
    )
