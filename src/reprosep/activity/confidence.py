"""Instrument activity: energy tracking, activation confidence, binary labels.

The envelope of a stem x at frame t is :math:`h[t] = \\frac1N \\sum_n w[n] \\sqrt{\\max(x[t·hop + n - N/2], 0)}` with a
Hann window of N samples whose zero end points are left out. It is divided by its maximum (of the stem: the IASS
variant; of the sum over a song's stems, times their number: MedleyDB's), set to 0 where the sum is below a floor,
low-passed forwards and backwards, and mapped to a confidence :math:`C = 1 - 1 / (1 + e^{20 (H - 0.15)})`.

The envelope of a stem of several channels is the mean of theirs, so that what cancels between the channels is active:
the IASS authors rectify every channel and then sum. Channels here are those of the store; of a corpus that is mono
(``corpora.<name>.channels: 1``) they are one already, and labels tell what is heard. MedleyDB's variant is of mono.

Labels may be the published ones instead (``corpora.<name>.labels``, :mod:`.corpora.label_files`). A song's file then
holds them at the same frames, and below the stems' rows as many with what the formula gives, to tell how they differ.

Conventions
-----------
Frames are centred: frame t covers samples ``[t·hop - N/2, t·hop + N/2)``, which is frame t of a centred STFT and frame
``t - N/(2·hop)`` of one that starts at sample 0.

References
----------
Bittner et al., MedleyDB (ISMIR 2014) and its activation-confidence code; the IASS authors' changes to it (hop 1024,
one source at a time).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.signal

from reprosep.audio.arrays import load_array, save_array
from reprosep.audio.store import FULL_SCALE, SongArrays, build_song_files
from reprosep.base.files import digest, sha256, slug, whole_file
from reprosep.base.seal import is_whole
from reprosep.corpora.label_files import at_times, read_labels
from reprosep.params.data import Activity
from reprosep.params.scale import Params

COMPUTED, PUBLISHED = "computed", "published"  # where the labels of a stem come from

_STEM_NAME = re.compile(r"S\d\d+")
_FORMAT = 2  # raise it when the meaning of stored confidences changes
_FILTER_PADDING = 9  # frames, scipy's and MATLAB's for a filter of this order; less in shorter songs


def envelope(samples: np.ndarray, window: int, hop: int, frames: int) -> np.ndarray:
    """Mean windowed square root of the half-wave rectified signal, evaluated at the hop only.

    `samples` ``(sample,)`` with full scale 1; `hop` divides `window`. Returns float64 ``(frames,)``. A sample costs
    ``window / hop`` products instead of `window`: the signal is cut into blocks of `hop`, each block is weighed with
    every part of the window, and a frame is a sum over ``window / hop`` blocks.
    """
    parts = window // hop
    weights = scipy.signal.windows.hann(window + 2)[1:-1].reshape(parts, hop)
    padded = np.zeros((frames + parts) * hop)
    kept = min(len(samples), len(padded) - window // 2)
    padded[window // 2 : window // 2 + kept] = np.sqrt(np.maximum(samples[:kept], 0))
    products = padded.reshape(-1, hop) @ weights.T
    return np.sum([products[part : part + frames, part] for part in range(parts)], axis=0) / window


def confidence(envelopes: np.ndarray, activity: Activity) -> np.ndarray:
    """Activation confidence ``(stem, frame)`` of envelopes ``(stem, frame)`` that are normalised together.

    With one row this is the IASS variant (the stem's own maximum); with a song's rows, MedleyDB's.
    """
    total = envelopes.sum(axis=0)
    scaled = envelopes * (len(envelopes) / total.max()) if total.max() > 0 else envelopes.copy()
    scaled[:, total < activity.energy_floor] = 0
    padding = min(_FILTER_PADDING, scaled.shape[1] - 1)
    smooth = scipy.signal.filtfilt(*scipy.signal.butter(2, activity.cutoff), scaled, axis=1, padlen=padding)
    return 1 - 1 / (1 + np.exp(activity.slope * (smooth - activity.centre)))


def build_activity(
    catalog: pd.DataFrame,
    store: SongArrays,
    folder: Path,
    params: Params,
    threads: int,
    published: Mapping[str, Path] | None = None,
) -> None:
    """Confidences of every stem, one file per song, the index, and MedleyDB-style label files.

    Parameters
    ----------
    published
        Song -> file of published labels, for the songs whose confidences are not computed.

    Raises
    ------
    UserError
        On a label file that does not fit its song.
    """
    sources = published or {}
    files = dict(zip(store.index["song"], store.index["file"], strict=True))
    settings = [_FORMAT, params.activity.model_dump(), params.stft.hop]

    def build(song: str) -> list[dict[str, Any]]:
        stems = catalog[catalog["song"] == song]
        source = sources.get(song)
        origin = [sha256(source)] if source else []
        file = f"{slug(song)}.{digest([files[song], *settings, *origin])}.npy"
        labels = folder / "labels" / f"{slug(song)}_ACTIVATION_CONF.lab"
        if not (is_whole(folder / file) and labels.exists()):
            stored = store.load(song)
            mono = stored.mean(axis=2, dtype=np.float64) / FULL_SCALE
            write_labels(labels, mono, list(stems["stem"]), params)
            confidences = stem_confidences(stored, params)
            if source:
                from_labels = _published(source, list(stems["stem"]), stored.shape[1], params)
                confidences = np.concatenate([from_labels, confidences])
            save_array(folder / file, confidences)
        return _rows(stems, load_array(folder / file), file, params.activity.threshold)

    build_song_files(catalog, folder, build, threads, "activity")


def stem_confidences(song: np.ndarray, params: Params) -> np.ndarray:
    """IASS variant for the stored stems of a song, int16 ``(stem, sample, channel)`` to float32 ``(stem, frame)``."""
    hop, window = params.stft.hop, params.activity.window
    frames = song.shape[1] // hop + 1
    rows = []
    for stem in song:
        channels = [envelope(samples / FULL_SCALE, window, hop, frames) for samples in stem.T]
        rows.append(confidence(np.mean(channels, axis=0)[None], params.activity)[0])
    return np.asarray(rows, dtype=np.float32)


def _published(source: Path, stems: list[str], samples: int, params: Params) -> np.ndarray:
    """Published confidences at the frames of a song of so many samples, float32 ``(stem, frame)``."""
    rate, hop = params.audio.sample_rate, params.stft.hop
    labels = read_labels(source, stems, samples / rate)
    return at_times(labels, np.arange(samples // hop + 1) * hop / rate).astype(np.float32)


def write_labels(path: Path, samples: np.ndarray, stems: list[str], params: Params) -> None:
    """MedleyDB's label file of a song: ``time,S01,S02,…``, four decimals, half of the window as hop.

    `samples` ``(stem, sample)`` are the means of the stems' channels, full scale 1: MedleyDB's published formula is of
    mono stems, and a file in its format has to hold what that formula gives.
    """
    window, rate = params.activity.window, params.audio.sample_rate
    hop = window // 2
    frames = 2 * -(-(samples.shape[1] + hop) // window) - 1  # half a window in front, whole windows in all
    values = confidence(np.asarray([envelope(stem, window, hop, frames) for stem in samples]), params.activity)
    # MedleyDB's readers look columns up by the stems' names in the metadata, which may leave numbers out.
    names = [name if _STEM_NAME.fullmatch(name) else f"S{number:02d}" for number, name in enumerate(stems, start=1)]
    lines = [",".join(["time", *names])]
    for frame in range(frames):
        lines.append(",".join(f"{value:.4f}" for value in [frame * hop / rate, *values[:, frame]]))
    with whole_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def _rows(stems: pd.DataFrame, values: np.ndarray, file: str, threshold: float) -> list[dict[str, Any]]:
    """Index rows; of published labels with the share of frames in which computed ones would differ."""
    active, rows = values >= threshold, []
    labels = PUBLISHED if len(values) > len(stems) else COMPUTED
    for row, (_, stem) in enumerate(stems.iterrows()):
        kept = {key: stem[key] for key in ("song", "stem", "split", "instrument", "target")}
        counts = {"frames": values.shape[1], "active_frames": int(active[row].sum()), "labels": labels}
        differing = (active[row] != active[len(stems) + row]).mean() if labels == PUBLISHED else np.nan
        rows.append({**kept, "row": row, "file": file, **counts, "differing_share": float(differing)})
    return rows
