"""From a network that masks one target, and a mixture, to sound; the whole song passes the network at once.

References
----------
Manilow et al., Slakh (WASPAA 2019), Section 3.1.
"""

from __future__ import annotations

import numpy as np
import torch

from reprosep.models.blstm import BLSTM
from reprosep.models.placement import answered
from reprosep.params.scale import Params
from reprosep.separation.masks import MixtureSpectrum


def separate_target(model: BLSTM, mixture: np.ndarray, params: Params) -> np.ndarray:
    """The network's estimate of its target in a mixture."""
    transform = MixtureSpectrum(params, len(mixture))
    spectrum = transform.of(mixture)
    model.eval()
    with torch.inference_mode():
        return transform.back(spectrum * answered(model, model, spectrum.abs()[None])[0].cpu())
