"""Effects chains of the stand-in instruments, drawn anew for every stem."""

from __future__ import annotations

import numpy as np
from pedalboard import (  # type: ignore[attr-defined]
    Chorus,
    Compressor,
    Delay,
    Distortion,
    Gain,
    HighpassFilter,
    HighShelfFilter,
    Limiter,
    LowpassFilter,
    LowShelfFilter,
    PeakFilter,
    Pedalboard,
    Plugin,
    Reverb,
)


def chain(name: str, rng: np.random.Generator) -> Pedalboard:
    """The chain ``"bass"``, ``"drums"``, ``"voice"``, … with its own settings; reverb tails are kept short."""
    return Pedalboard([*_BUILDERS[name](rng), _equaliser(rng)])


def _equaliser(rng: np.random.Generator) -> Plugin:
    return PeakFilter(float(np.exp(rng.uniform(np.log(300), np.log(4000)))), float(rng.uniform(-4, 4)), 0.8)


def _compressor(rng: np.random.Generator) -> Plugin:
    return Compressor(float(rng.uniform(-26, -18)), float(rng.uniform(2, 4)), float(rng.uniform(3, 15)), 120.0)


def _reverb(rng: np.random.Generator, size: tuple[float, float], wet: tuple[float, float]) -> Plugin:
    level = float(rng.uniform(*wet))
    return Reverb(room_size=float(rng.uniform(*size)), damping=0.6, wet_level=level, dry_level=1 - level, width=0.9)


def _bass(rng: np.random.Generator) -> list[Plugin]:
    drive: list[Plugin] = [Distortion(float(rng.uniform(4, 10))), Gain(-6)] if rng.random() < 0.3 else []
    return [*drive, _compressor(rng), LowShelfFilter(100, float(rng.uniform(-2, 3))), LowpassFilter(6000)]


def _drums(rng: np.random.Generator) -> list[Plugin]:
    shelf = HighShelfFilter(6000, float(rng.uniform(-3, 3)))
    # Without the limiter one crash or snare owns the peak of the stem, and its ordinary beats count as silence.
    return [Limiter(-16.0, 60.0), _compressor(rng), shelf, _reverb(rng, (0.1, 0.35), (0.03, 0.12))]


def _voice(rng: np.random.Generator) -> list[Plugin]:
    chain: list[Plugin] = [HighpassFilter(90), _compressor(rng), HighShelfFilter(4000, float(rng.uniform(0, 5)))]
    if rng.random() < 0.3:
        chain.append(Delay(float(rng.uniform(0.12, 0.3)), 0.15, float(rng.uniform(0.08, 0.16))))
    return [*chain, _reverb(rng, (0.15, 0.45), (0.06, 0.16))]


def _drive(rng: np.random.Generator) -> list[Plugin]:
    amplifier: list[Plugin] = [HighpassFilter(80), Distortion(float(rng.uniform(16, 30))), Gain(-12)]
    cabinet: list[Plugin] = [
        LowpassFilter(float(rng.uniform(4000, 6500))),
        PeakFilter(2500, float(rng.uniform(0, 5)), 0.9),
    ]
    return [*amplifier, *cabinet, _reverb(rng, (0.1, 0.3), (0.03, 0.1))]


def _clean(rng: np.random.Generator) -> list[Plugin]:
    chain: list[Plugin] = [HighpassFilter(80), _compressor(rng)]
    if rng.random() < 0.5:
        chain.append(Chorus(float(rng.uniform(0.4, 1.2)), float(rng.uniform(0.1, 0.25)), mix=0.35))
    return [*chain, _reverb(rng, (0.15, 0.45), (0.06, 0.18))]


def _acoustic(rng: np.random.Generator) -> list[Plugin]:
    return [HighpassFilter(70), _compressor(rng), HighShelfFilter(5000, 3.0), _reverb(rng, (0.1, 0.35), (0.05, 0.14))]


def _room(rng: np.random.Generator) -> list[Plugin]:
    return [_compressor(rng), _reverb(rng, (0.15, 0.4), (0.05, 0.15))]


def _chorus(rng: np.random.Generator) -> list[Plugin]:
    return [Chorus(float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.15, 0.3)), mix=0.4), *_room(rng)]


def _hall(rng: np.random.Generator) -> list[Plugin]:
    return [HighpassFilter(60), _reverb(rng, (0.35, 0.6), (0.1, 0.22))]


_BUILDERS = {
    "acoustic": _acoustic,
    "bass": _bass,
    "chorus": _chorus,
    "clean": _clean,
    "drive": _drive,
    "drums": _drums,
    "hall": _hall,
    "room": _room,
    "voice": _voice,
}
