"""Effect chains from their description: pedalboard's effects by name, with its own names of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pedalboard import (  # type: ignore[attr-defined]
    Chorus,
    Compressor,
    Distortion,
    Gain,
    HighpassFilter,
    HighShelfFilter,
    Limiter,
    LowpassFilter,
    LowShelfFilter,
    PeakFilter,
    Pedalboard,
    Phaser,
    Reverb,
)

from reprosep.base.errors import UserError, near_match

EFFECTS: dict[str, Any] = {
    "chorus": Chorus,
    "compressor": Compressor,
    "distortion": Distortion,
    "gain": Gain,
    "high_shelf": HighShelfFilter,
    "highpass": HighpassFilter,
    "limiter": Limiter,
    "low_shelf": LowShelfFilter,
    "lowpass": LowpassFilter,
    "peak": PeakFilter,
    "phaser": Phaser,
    "reverb": Reverb,
}
_LEVEL = 0.3  # peak at which sound enters a chain: compressors and distortions see one level
_FAINTEST = 1e-9

Chain = Mapping[str, Mapping[str, float]]


def board(chain: Chain, where: str) -> Pedalboard:
    """The effects of a chain, in its order.

    Raises
    ------
    UserError
        When there is no effect of a name, or it has no such setting; the sentence begins with `where`.
    """
    plugins = []
    for name, settings in chain.items():
        if name not in EFFECTS:
            raise UserError(
                f"{where}: unknown effect '{name}'{near_match(name, EFFECTS)}; allowed: {', '.join(EFFECTS)}"
            )
        try:
            plugins.append(EFFECTS[name](**settings))
        except (TypeError, ValueError) as error:
            reason = str(error).split("\n")[0].rstrip(".:")
            raise UserError(
                f"{where}: {name}: found {dict(settings)}, which pedalboard refuses ({reason}); "
                f"expected settings of pedalboard.{EFFECTS[name].__name__}"
            ) from error
    return Pedalboard(plugins)


def with_effects(sound: np.ndarray, chain: Chain, sample_rate: int) -> np.ndarray:
    """Mono float32 sound `(samples,)` through a chain; silence stays silence."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak <= _FAINTEST or not chain:
        return sound
    wet = board(chain, "effects")(sound[None] * np.float32(_LEVEL / peak), sample_rate)
    return np.asarray(wet[0], dtype=np.float32)
