"""The network that is trained on clips, from the parameters of a scale."""

from __future__ import annotations

from reprosep.models.blstm import BLSTM
from reprosep.papers.system import ClipsSystem
from reprosep.params.scale import Params


def network(_system: ClipsSystem, params: Params, _channels: int = 1, _targets: int = 1) -> BLSTM:
    """The mono network of one target, initialised from torch's current random state."""
    blstm = params.models.blstm
    return BLSTM(params.stft.n_fft // 2 + 1, blstm.hidden, blstm.layers, blstm.dropout, blstm.normalise)
