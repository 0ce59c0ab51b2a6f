"""The networks of several targets on one mixture, and the Wiener filter of all that they estimate.

What the networks estimate in the last mixture is kept: the targets of a song that are scored one after the other take
one forward pass of each network, and one filter. That is what the filter itself holds, and the waves of all targets.

Shape: waves ``(channel, sample)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reprosep.experiments.target.estimate import Estimate, separate
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.papers.system import Variant
from reprosep.params.scale import Params
from reprosep.separation.gate import gate_for
from reprosep.separation.wiener import filtered_waves

Network = IASS | OpenUnmix


class Ensemble:
    """Networks by target.

    Parameters
    ----------
    load
        The trained network of a target; asked when one is needed first.
    targets
        Those whose estimates are filtered together.
    residual
        Whether what they leave of a mixture is filtered as one source more.
    """

    def __init__(self, params: Params, load: Callable[[str], Network], targets: Sequence[str], residual: bool) -> None:
        self.params, self.targets, self.residual, self._load = params, list(targets), residual, load
        self._models: dict[str, Network] = {}
        self._forget(np.zeros((0, 0), np.float32))

    def _forget(self, mixture: np.ndarray) -> None:
        """Begin with another mixture."""
        self._mixture = mixture
        self._estimates: dict[str, Estimate] = {}
        self._filtered: dict[tuple[Variant, str], np.ndarray] = {}

    def model(self, target: str) -> Network:
        """The network of a target."""
        if target not in self._models:
            self._models[target] = self._load(target)
        return self._models[target]

    def estimate(self, target: str, mixture: np.ndarray) -> Estimate:
        """The forward pass of a target's network."""
        if not np.array_equal(mixture, self._mixture):
            self._forget(mixture)
        if target not in self._estimates:
            self._estimates[target] = separate(self.model(target), mixture, self.params)
        return self._estimates[target]

    def filtered(self, target: str, mixture: np.ndarray, gate: Variant = "wiener") -> np.ndarray:
        """The wave of a target behind the filter of all, whose magnitudes have the gates of that variant."""
        estimates = [self.estimate(name, mixture) for name in self.targets]
        if (gate, target) not in self._filtered:
            waves = filtered_waves(
                estimates[0].spectrum,
                [one.magnitudes for one in estimates],
                [self._gate(one, gate) for one in estimates],
                self.params.separation.wiener,
                self.residual,
            )
            self._filtered |= {(gate, name): wave for name, wave in zip(self.targets, waves, strict=True)}
        return self._filtered[gate, target]

    def _gate(self, estimate: Estimate, variant: Variant) -> np.ndarray | None:
        if estimate.probability is None:
            return None
        labels = np.zeros(estimate.spectrum.frames, bool)  # of no gate that is filtered
        return gate_for(variant, estimate.probability, labels, self.params.separation)
