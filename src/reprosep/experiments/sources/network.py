"""The networks that mask sources, from their description and the parameters of a scale."""

from __future__ import annotations

from reprosep.models.cunet import CUNet
from reprosep.models.unet import UNet
from reprosep.papers.system import SourcesSystem
from reprosep.params.scale import Params


def network(system: SourcesSystem, params: Params, _channels: int, targets: int) -> UNet | CUNet:
    """The mono network of a system that estimates so many sources, initialised from torch's current random state."""
    if system.model == "c-u-net":
        c_u_net = params.models.c_u_net
        return CUNet(targets, c_u_net.widths, c_u_net.hidden, c_u_net.dropout, c_u_net.initial_mask)
    u_net = params.models.u_net
    heads = u_net.bins if system.has_head else 0
    return UNet(targets, u_net.widths, u_net.dropout, heads, u_net.initial_mask)
