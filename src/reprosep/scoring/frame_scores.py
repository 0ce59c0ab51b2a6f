"""Scores of a target against its accompaniment, frame by frame: BSS Eval version 4 of one source of a pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reprosep.metrics.bsseval import METRICS, References
from reprosep.metrics.frames import drop_reasons
from reprosep.params import Params


def framed_references(params: Params, target: np.ndarray, mixture: np.ndarray) -> References:
    """Target and accompaniment of waves ``(channel, sample)``, in frames of ``scoring.window_seconds``."""
    settings, rate = params.scoring, params.audio.sample_rate
    window, hop = round(settings.window_seconds * rate), round(settings.hop_seconds * rate)
    device = None if settings.device == "cpu" else settings.device
    return References(np.stack([target.T, (mixture - target).T]), window, hop, device=device)


def score_frames(references: References, estimates: Mapping[str, np.ndarray], rate: int) -> pd.DataFrame:
    """Scores of estimates ``(channel, sample)`` by variant, all in one pass.

    Columns: variant, frame, time (s), SDR, ISR, SIR and SAR in dB, dropped (why a frame has no score), ill_posed.
    """
    starts = np.array([start for start, _ in references.framing.slices])
    tables = []
    scored = references.score(*(wave.T[None] for wave in estimates.values()), sources=[0])
    for variant, scores in zip(estimates, scored, strict=True):
        table = pd.DataFrame(
            {"variant": variant, "frame": np.arange(len(starts), dtype=np.int32), "time": starts / rate}
        )
        for metric in METRICS:
            values = getattr(scores, metric)[0]
            table[metric] = np.where(np.isfinite(values), values, np.nan)
        target, accompaniment = scores.reference_sounds
        sounding = {"target": target, "accompaniment": accompaniment, "estimate": scores.estimate_sounds[0]}
        tables.append(table.assign(dropped=drop_reasons(sounding), ill_posed=references.conditioning.ill_posed))
    return pd.concat(tables, ignore_index=True)
