"""What is measured of systems, of detectors and of corpora: the metrics that cells and claims can name."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

PitchMetric = Literal["pitch accuracy", "pitch precision", "pitch recall"]
"""Of the pitches that a network tells beside its estimate: shares from 0 to 1, mir_eval's multi-pitch measures."""

GateMetric = Literal["opens above", "closes below"]
"""Of the gates that a validation has chosen: the probabilities between which they switch."""

Metric = Literal["SDR", "SIR", "SAR", "ISR", "Avg", "SI-SDR", "uSDR", "Leakage"] | PitchMetric | GateMetric
"""Of separated songs, in dB; *Leakage* is the estimate's energy where the target is silent, beside the mixture's."""

OF_PITCH: tuple[str, ...] = get_args(PitchMetric)
OF_GATES: tuple[str, ...] = get_args(GateMetric)
SHARES = (*OF_PITCH, *OF_GATES)
"""Metrics from 0 to 1, not in dB."""
OF_SONGS = ("uSDR", "Leakage", *SHARES)
"""Metrics of whole songs, to which no choice of frames makes a difference."""

Cost = Literal["parameters", "iterations", "seconds", "training seconds", "hours"]
Count = Literal["songs", "hours", "fewest-tracks", "median-tracks", "most-tracks", "categories"]
Measure = Literal["LRAP", "LRAP above chance", "AUC"]
HeadMeasure = Literal["misses", "false alarms", "activation rate"]
Confusion = Literal["confusion"]
Spectral = Literal["bass bump", "treble step", "mid peaks"]
Statistic = Literal["median", "mean", "std"]
TimeScale = Annotated[int, Field(ge=1)] | Literal["track"]
