"""The loss of IASS and of Open-Unmix.

.. math:: L = L_{MSE} + α L_{BCE} + β L_{pitch}

L_MSE is the mean squared error of magnitudes, L_BCE the binary cross-entropy of the activity logits against the labels
of every frame. Open-Unmix is the case without an activity head. L_pitch is in the paper's outlook alone: the binary
cross-entropy of the pitch logits against the notes that are known.

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


def pitch_loss(logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy of pitch logits ``(batch, pitch, frame)``, summed over pitches, mean over frames.

    Frames whose notes are not known, 0 in `known` ``(batch, frame)``, add nothing, but the mean is over all, so that
    parts of a batch on several devices add up to the whole.
    """
    each = functional.binary_cross_entropy_with_logits(logits.float(), labels, reduction="none")
    return (each.sum(dim=1) * known).mean()
