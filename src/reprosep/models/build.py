"""A system's network from its description and the parameters of a scale."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from reprosep.audio.stft import model_bins
from reprosep.experiments.fit import clip_frames
from reprosep.models.blstm import BLSTM
from reprosep.models.cunet import CUNet
from reprosep.models.detectors import Convolutional, ConvolutionalRecurrent, FullyConnected
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.unet import UNet
from reprosep.papers.system import System
from reprosep.params.scale import Params

Network = IASS | OpenUnmix | UNet | CUNet | BLSTM | FullyConnected | Convolutional | ConvolutionalRecurrent


def build_model(system: System, params: Params, channels: int, sources: int = 1) -> Network:
    """The network of `system`, initialised from torch's current random state; `sources` are those that it estimates."""
    if system.model == "u-net":
        u_net = params.models.u_net
        heads = u_net.bins if system.activity_weight else 0
        return UNet(sources, u_net.widths, u_net.dropout, heads, u_net.initial_mask)
    if system.model == "c-u-net":
        c_u_net = params.models.c_u_net
        return CUNet(sources, c_u_net.widths, c_u_net.hidden, c_u_net.dropout, c_u_net.initial_mask)
    if system.model == "blstm":
        blstm = params.models.blstm
        return BLSTM(params.stft.n_fft // 2 + 1, blstm.hidden, blstm.layers, blstm.dropout, blstm.normalise)
    if system.is_detector:
        return _detector(system, params)
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


def _detector(system: System, params: Params) -> FullyConnected | Convolutional | ConvolutionalRecurrent:
    bands, instruments = params.detection.mels, len(params.detection.instruments)
    if system.model == "fc":
        fc = params.models.fc
        return FullyConnected(bands, clip_frames(params), instruments, fc.hidden, fc.dropout)
    if system.model == "cnn":
        return Convolutional(bands, instruments, params.models.cnn.widths, params.models.cnn.dropout)
    crnn = params.models.crnn
    return ConvolutionalRecurrent(bands, instruments, crnn.widths, crnn.hidden, crnn.dropout)


def for_inference(model: nn.Module) -> Any:
    """A finished network as it estimates fastest, the same but for rounding; its weights have other names then.

    Batch norms that follow a convolution directly become part of it, and tensors keep their channels last.
    """
    model.eval()
    for sequence in [one for one in model.modules() if isinstance(one, nn.Sequential)]:
        for place in range(len(sequence) - 1):
            convolution, norm = sequence[place], sequence[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                sequence[place], sequence[place + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    for module in model.modules():
        if isinstance(module, nn.LeakyReLU):
            module.inplace = True
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def parameter_count(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in model.parameters())
