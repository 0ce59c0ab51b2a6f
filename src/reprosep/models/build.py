"""A system's network from its description and the parameters of a scale."""

from __future__ import annotations

from torch import nn

from reprosep.audio.stft import model_bins
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.papers import System
from reprosep.params import Params


def build_model(system: System, params: Params, channels: int) -> IASS | OpenUnmix:
    """The network of `system`, initialised from torch's current random state."""
    bins, all_bins = model_bins(params.stft, params.audio.sample_rate)
    if system.model == "iass":
        return IASS(
            bins,
            all_bins,
            channels=channels,
            blocks=system.blocks,
            width=params.models.iass.width,
            activity_head=system.activity_weight > 0,
            output_mean=params.models.iass.output_mean,
        )
    if system.model == "open-unmix":
        size = params.models.open_unmix
        return OpenUnmix(bins, all_bins, channels, size.hidden, size.layers, size.output_mean)
    raise ValueError(f"'{system.label}' is an oracle and has no network")


def parameter_count(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in model.parameters())
