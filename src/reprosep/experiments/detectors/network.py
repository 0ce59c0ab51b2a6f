"""The networks that detect instruments, from their description and the parameters of a scale."""

from __future__ import annotations

from reprosep.audio.frames import clip_frames
from reprosep.models.detectors import Convolutional, ConvolutionalRecurrent, FullyConnected
from reprosep.papers.system import DetectorSystem
from reprosep.params.scale import Params


def network(
    system: DetectorSystem, params: Params, _channels: int = 1, _targets: int = 1
) -> FullyConnected | Convolutional | ConvolutionalRecurrent:
    """The network of a system, initialised from torch's current random state."""
    bands, instruments = params.detection.mels, len(params.detection.instruments)
    if system.model == "fc":
        fc = params.models.fc
        return FullyConnected(bands, clip_frames(params), instruments, fc.hidden, fc.dropout)
    if system.model == "cnn":
        return Convolutional(bands, instruments, params.models.cnn.widths, params.models.cnn.dropout)
    crnn = params.models.crnn
    return ConvolutionalRecurrent(bands, instruments, crnn.widths, crnn.hidden, crnn.dropout)
