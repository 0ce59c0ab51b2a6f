"""Scores of a target against its accompaniment: BSS Eval version 4 of one source of a pair, frame by frame, and what
frames do not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reprosep.metrics.bsseval import METRICS, References
from reprosep.metrics.frames import drop_reasons
from reprosep.metrics.leakage import leakage, samples_of
from reprosep.metrics.usdr import usdr
from reprosep.params.scale import Params


def framed_references(params: Params, target: np.ndarray, mixture: np.ndarray) -> References:
    """Target and accompaniment of waves ``(channel, sample)``, in frames of ``scoring.window_seconds``."""
    settings, rate = params.scoring, params.audio.sample_rate
    window, hop = round(settings.window_seconds * rate), round(settings.hop_seconds * rate)
    device = None if settings.device == "cpu" else settings.device
    return References(np.stack([target.T, (mixture - target).T]), window, hop, device=device)


@dataclass(frozen=True)
class Sounding:
    """A song as whole-song scores need it: target and mixture ``(channel, sample)``, labels of the target ``(frame,)``
    and their hop in samples."""

    target: np.ndarray
    mixture: np.ndarray
    labels: np.ndarray
    hop: int

    def scores(self, estimate: np.ndarray) -> dict[str, float]:
        """uSDR and Leakage of an estimate in dB."""
        active = samples_of(self.labels, self.hop, self.mixture.shape[1])
        whole = usdr(self.target.T[None], estimate.T[None])[0]
        return {"uSDR": float(whole), "Leakage": leakage(estimate, self.mixture, active)}


def score_frames(
    references: References, estimates: Mapping[str, np.ndarray], rate: int, song: Sounding
) -> pd.DataFrame:
    """Scores of estimates ``(channel, sample)`` by variant, all in one pass.

    Columns: variant, frame, time (s), SDR, ISR, SIR and SAR in dB, uSDR and Leakage in dB (of the whole song, the same
    in every frame), dropped (why a frame has no score), ill_posed.
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
        table = table.assign(**song.scores(estimates[variant]))
        tables.append(table.assign(dropped=drop_reasons(sounding), ill_posed=references.conditioning.ill_posed))
    return pd.concat(tables, ignore_index=True)
