"""What a paper's calibration measures and how far it may be off: sections of a paper file, and names of its values.

A calibration compares values that need no training (oracles, see :mod:`reprosep.separation.oracle`) with the published
ones. A value is named ``<corpus>/<target>/<system>``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from reprosep.base.errors import near_match
from reprosep.params.section import Section, Share
from reprosep.params.work import IdealBinaryMask, IdealRatioMask, MaskSettings, Scoring, WienerMask

Oracle = Literal["ibm", "irm", "wiener", "tpsf", "input"]
Decibel = Annotated[float, Field(gt=0, le=1000)]
_MASKS: dict[str | None, type[MaskSettings]] = {"ibm": IdealBinaryMask, "irm": IdealRatioMask, "wiener": WienerMask}


class MaskChange(Section):
    """What a paper's mask has other than ``scoring.<oracle>``."""

    n_fft: Annotated[int, Field(ge=64, le=65536)] | None = None
    theta: Share | None = None
    power: Annotated[float, Field(gt=0, le=100)] | None = None

    def applied(self, oracle: Oracle, scoring: Scoring) -> MaskSettings | None:
        """The settings of a mask with these changes; None for the unprocessed mixture."""
        base: MaskSettings | None = getattr(scoring, oracle) if oracle in _MASKS else None
        return base.model_copy(update=self.model_dump(exclude_none=True)) if base else None

    def problem(self, oracle: Oracle | None) -> str | None:
        """What does not fit the oracle, as a sentence; None when all does."""
        allowed = list(_MASKS[oracle].model_fields) if oracle in _MASKS else []
        for name in self.model_dump(exclude_none=True):
            if name not in allowed:
                return f"mask.{name}: oracle '{oracle}' has no such setting; allowed: {', '.join(allowed) or 'none'}"
        return None


class Tolerance(Section):
    """dB by which a reproduced value may differ from the published one, and why so much."""

    decibel: Decibel
    targets: dict[str, Decibel] = {}
    reason: str

    def of(self, target: str) -> float:
        """The tolerance of a target in dB."""
        return self.targets.get(target, self.decibel)


class Measured(Section):
    """Oracles that are measured besides those in the paper's tables."""

    corpus: str
    systems: list[str]
    targets: list[str] | None = None


class Calibration(Section):
    """Which values that need no training are computed first, and what they must be."""

    metric: Literal["SDR", "SIR", "SAR", "ISR"] = "SDR"
    measured: list[Measured] = []
    tolerances: dict[str, Tolerance] = {}
    least_gain: Decibel = 3.0

    def problem(self, known: list[str], printed: Iterable[str]) -> str | None:
        """What does not fit the paper file, as a sentence; None when all does.

        `known` are the paper's oracles, `printed` those of them that stand in its tables.
        """
        for number, measured in enumerate(self.measured):
            for name in measured.systems:
                if name not in known:
                    return (
                        f"calibration.measured.{number}.systems: '{name}' is no oracle{near_match(name, known)}; "
                        f"allowed: {', '.join(known)}"
                    )
        for name in self.tolerances:
            if name not in known:
                return f"calibration.tolerances: '{name}' is no oracle{near_match(name, known)}"
        for name in printed:
            if name not in self.tolerances:
                return f"calibration.tolerances: no tolerance for '{name}', which stands in a table; write one"
        return None


def value_name(corpus: str, target: str, system: str) -> str:
    """The name of a calibration value, as ``calibration.accept`` has it."""
    return f"{corpus}/{target}/{system}"
