"""What separates a user's song: a trained run, or published weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from reprosep.models.placement import CPU
from reprosep.papers.system import Variant

Advance = Callable[[int], object]  # told how many more chunks of frames are done
Separator = Callable[[np.ndarray, Variant, Advance], np.ndarray]
"""Estimates ``(target, channel, sample)`` of a wave ``(channel, sample)``, by test-time variant."""


class Separating(Protocol):
    """Anything that estimates sound.

    Attributes
    ----------
    id
        Its name.
    folder
        What it is read from.
    targets
        What it estimates, in this order.
    channels
        Of the waves that it takes.
    sample_rate
        Of these, in Hz.
    terms
        Licence and citation in one line, which a user is told; empty where there is nothing to tell.
    """

    @property
    def id(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def targets(self) -> list[str]: ...
    @property
    def channels(self) -> int: ...
    @property
    def sample_rate(self) -> int: ...
    @property
    def terms(self) -> str: ...

    def variants(self) -> Sequence[Variant]:
        """The test-time variants that it has."""
        ...

    def chunks(self, samples: int) -> int:
        """How often :data:`Advance` is told 1 of a wave of so many samples, at most."""
        ...

    def separator(self, device: torch.device = CPU) -> Separator:
        """What makes estimates, by networks on a device."""
        ...

    def filtered(self, device: torch.device = CPU) -> Separator:
        """The same behind a Wiener filter of the estimates of all sources; the variant is the gate before it.

        Raises
        ------
        UserError
            When there is no estimate for every source.
        """
        ...
