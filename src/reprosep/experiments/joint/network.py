"""The networks that estimate several targets at once, from their description and the parameters of a scale."""

from __future__ import annotations

from reprosep.audio.stft import model_bins
from reprosep.models.joint_iass import JointIASS
from reprosep.papers.system import JointSystem
from reprosep.params.scale import Params


def network(system: JointSystem, params: Params, channels: int, targets: int) -> JointIASS:
    """The network of a system that estimates so many targets, initialised from torch's current random state."""
    bins, all_bins = model_bins(params.stft, params.audio.sample_rate)
    size = params.models.iass
    return JointIASS(
        targets,
        bins,
        all_bins,
        channels=channels,
        blocks=system.blocks,
        width=size.width,
        activity_head=system.has_head,
        output_mean=size.output_mean,
    )
