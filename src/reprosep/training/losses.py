"""The loss of IASS and of Open-Unmix.

.. math:: L = L_{MSE} + α L_{BCE}

L_MSE is the mean squared error of magnitudes, L_BCE the binary cross-entropy of the activity logits against the labels
of every frame. Open-Unmix is the case without an activity head.

References
----------
Hung and Lerch 2020, Eq. (1). α is in neither the paper nor the released code; the authors' deleted prototype has 10,
then 2 from its commit 2f28f2f on, which is our default.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def separation_loss(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of magnitudes."""
    return functional.mse_loss(estimate.float(), target)


def activity_loss(logit: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy of frame logits ``(batch, frame)``."""
    return functional.binary_cross_entropy_with_logits(logit.float(), labels)
