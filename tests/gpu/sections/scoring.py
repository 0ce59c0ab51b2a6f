"""BSS Eval with its transforms and products on the device."""

from __future__ import annotations

import time

import numpy as np
from measuring.findings import Findings
from measuring.section import Section
from measuring.settings import Day

from reprosep.metrics.bsseval import METRICS, References, Scores

_DECIBEL = 1e-6  # by which scores may differ, the project's tolerance
_RATE = 44100
_SOURCES, _CHANNELS = {False: 4, True: 2}, {False: 2, True: 1}  # tiny or not


def measure(day: Day, findings: Findings) -> None:
    """A song of noise whose estimates have all others' sources in them."""
    random = np.random.default_rng(0)
    rate = 8000 if day.tiny else _RATE
    shape = (_SOURCES[day.tiny], round(day.sizes.score_seconds * rate), _CHANNELS[day.tiny])
    references = random.standard_normal(shape) * 0.1
    estimates = references + 0.3 * references[::-1] + 0.02 * random.standard_normal(shape)
    title = f"BSS Eval of {day.sizes.score_seconds:.0f} s, {shape[0]} sources of {shape[2]} channels, frames of 1 s"
    table = findings.table(title, *("computed by", "seconds", "against the processor"))
    one, seconds = _scored(references, estimates, rate, None)
    table.row("the processor, one thread", f"{seconds:.2f}", "")
    _scored(references, estimates, rate, day.device_name)  # the first call waits for libraries
    other, here = _scored(references, estimates, rate, day.device_name)
    table.row(f"{day.device_name}, float64", f"{here:.2f}", f"{seconds / here:.2f} x")
    apart = max(float(np.nanmax(np.abs(getattr(one, name) - getattr(other, name)))) for name in METRICS)
    findings.check("scores, processor against device", f"{apart:.1e} dB apart", f"{_DECIBEL:g} dB", apart <= _DECIBEL)
    expected = "hardly: blocks are small, copies pageable, equations solved by the processor"
    findings.check("is it faster on the device", f"{seconds / here:.2f} times", expected, None)


def _scored(references: np.ndarray, estimates: np.ndarray, rate: int, device: str | None) -> tuple[Scores, float]:
    start = time.perf_counter()
    (scores,) = References(references, rate, rate, device=device).score(estimates)
    return scores, time.perf_counter() - start


SECTION = Section(
    name="scoring",
    title="BSS Eval on the GPU",
    about="Whether scoring.device: cuda gives the processor's scores, and whether it is worth it.",
    seconds=20,
    measure=measure,
)
