"""Instrument activity detection: area under the ROC curve per frame and per second (Figure 4), activation rates.

Conventions
-----------
Frames or seconds of all test songs are pooled. A second is the median over its frames (the paper's way; a tie of the
labels counts as active) or their maximum (the authors' prototype), for probabilities and labels alike.

References
----------
Mann, Whitney: On a test of whether one of two random variables is stochastically larger than the other, 1947 (the AUC
is the share of pairs of one active and one inactive frame that are ranked rightly, ties counting half).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.experiments.detectors.gate import target_detections
from reprosep.metrics.activity import auc
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.aggregate import Summary, read_parquet
from reprosep.results.intervals import FEWEST_SONGS, NO_INTERVAL, Values, percentile_interval, resample, times_drawn

BY_SECOND, BY_DETECTOR = "per second, median", "detector, per second"
RESOLUTIONS = (BY_SECOND, "per second, maximum", "per frame")
COLUMNS = ["run", "corpus", "target", "system", "seed", "song", "frame", "time", "probability", "label"]
RATE_COLUMNS = ["song", "stem", "split", "target", "frames", "active_frames"]


def read_activity(results: Path, runs: Iterable[Run]) -> list[pd.DataFrame]:
    """The predicted activity of every run (one per seed); :class:`UserError` when a file is missing."""
    return [read_parquet(results / "scores" / f"{run.id}.activity.parquet", COLUMNS) for run in runs]


def detection(params: Params, tables: list[pd.DataFrame], resolution: str) -> Summary:
    """AUC (0 to 1) of one target with its interval over songs, the mean over seeds; NaN where only one class occurs."""
    return pooled_auc(params, [at_resolution(table, resolution) for table in tables])


def pooled_auc(params: Params, reduced: list[pd.DataFrame]) -> Summary:
    """AUC of tables of song, probability and label (one per seed) with its interval over songs."""
    values = [auc(table["label"].to_numpy(dtype=bool), table["probability"].to_numpy(float)) for table in reduced]
    low, high = auc_interval(params, reduced)
    songs = len({song for table in reduced for song in table["song"]})
    return Summary(float(np.mean(values)) if values else float("nan"), low, high, songs, 0)


def at_resolution(table: pd.DataFrame, resolution: str) -> pd.DataFrame:
    """Columns song, probability, label; one row per frame, or per second of a song."""
    if resolution == "per frame":
        return table[["song", "probability", "label"]]
    second = np.floor(table["time"]).astype(int)
    grouped = table[["probability", "label"]].astype(float).groupby([table["song"], second])
    reduced = (grouped.median() if "median" in resolution else grouped.max()).reset_index(level=0)
    return reduced.assign(label=reduced["label"] >= 0.5)


def read_detector(params: Params, results: Path, run: Run, target: str) -> pd.DataFrame:
    """What a detector found of a target: song, second and probability, the maximum over the target's instruments."""
    table = read_parquet(results / "scores" / f"{run.id}.parquet", COLUMNS)
    detections = target_detections(table, target, params)
    second = np.floor(detections["frame"] * params.detection.clip_seconds).astype(int)
    return detections.assign(second=second).groupby(["song", "second"], as_index=False)[["probability"]].max()


def on_same_seconds(frames: pd.DataFrame, detector: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Per second (median): what a system found, and what a detector found, with the system's labels, where both are."""
    own = at_resolution(frames, BY_SECOND).rename_axis(index="second").reset_index()
    both = own.merge(detector, on=["song", "second"], suffixes=("", " other"))
    other = both.drop(columns="probability").rename(columns={"probability other": "probability"})
    return both[["song", "probability", "label"]], other[["song", "probability", "label"]]


def auc_interval(params: Params, tables: list[pd.DataFrame]) -> tuple[float, float]:
    """Interval of the AUC, averaged over tables (seeds), when songs are drawn with replacement; NaN below 3 songs."""
    songs = sorted({song for table in tables for song in table["song"]})
    if len(songs) < FEWEST_SONGS:
        return NO_INTERVAL
    times = song_draws(params, len(songs))
    return percentile_interval(params, np.mean([auc_of_draws(table, songs, times) for table in tables], axis=0))


def song_draws(params: Params, songs: int) -> Values:
    """How often each of some songs is drawn, ``(resample, song)``."""
    return times_drawn(resample(params, songs))


def auc_of_draws(table: pd.DataFrame, songs: list[str], times: Values) -> Values:
    """AUC (resample,) when song j occurs times[resample, j] times.

    With C[i, j] the rightly ranked pairs of an active frame of song i and an inactive frame of song j, the AUC of a
    resample is w'C w over (w'a)(w'b): the pairs are counted once, not once per resample.
    """
    ranked, active, inactive = ranked_pairs(table, songs)
    pairs = (times @ active) * (times @ inactive)
    right = np.einsum("ri,ij,rj->r", times, ranked, times, optimize=True)
    return np.divide(right, pairs, out=np.full(len(times), np.nan), where=pairs > 0)


def ranked_pairs(table: pd.DataFrame, songs: list[str]) -> tuple[Values, Values, Values]:
    """Rightly ranked pairs (active song, inactive song), and the frames per song that are active and inactive."""
    song = pd.Categorical(table["song"], categories=songs).codes
    label, probability = table["label"].to_numpy(dtype=bool), table["probability"].to_numpy(dtype=float)
    order = np.argsort(song[label], kind="stable")
    above, owner = probability[label][order], song[label][order]
    ranked = np.zeros((len(songs), len(songs)))
    for index in range(len(songs)):
        below = np.sort(probability[~label & (song == index)])
        wins = (np.searchsorted(below, above, "left") + np.searchsorted(below, above, "right")) / 2
        ranked[:, index] = np.bincount(owner, weights=wins, minlength=len(songs))
    active = np.bincount(song[label], minlength=len(songs)).astype(float)
    return ranked, active, np.bincount(song[~label], minlength=len(songs)).astype(float)


def activation_rate(results: Path, corpus: str, target: str) -> Summary:
    """Share (0 to 1) of the frames of the target's own training stems in which it is active (grey in Figure 4)."""
    index = read_parquet(results / corpus / "activity" / "index.parquet", RATE_COLUMNS)
    stems = index[(index["split"] == "train") & (index["target"] == target)]
    frames = int(stems["frames"].sum())
    rate = float(stems["active_frames"].sum() / frames) if frames else float("nan")
    return Summary(rate, *NO_INTERVAL, int(stems["song"].nunique()), 0)
