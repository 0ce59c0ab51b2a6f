"""Scores that others computed, in museval's JSON schema: a file per song, all its targets in frames.

References
----------
museval 0.4: ``musdb.schema.json`` and ``TrackStore``. Frames have time and duration in seconds and SDR, ISR, SIR and
SAR in dB; NaN is a frame without a score.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.base.errors import UserError
from reprosep.base.files import read_json
from reprosep.metrics.bsseval import METRICS

COLUMNS = ["target", "frame", "time", "duration", *METRICS]
UNSCORED = "no score published"
"""Why a frame has none, as far as anybody can tell from scores."""

_REMEDY = "put museval's own file in its place, or leave the song out"
_NUMBERS = ("time", "duration")


def read_song(path: Path) -> pd.DataFrame:
    """The scores of a song: a row per target and frame, :data:`COLUMNS`; what is not finite is NaN, as in museval.

    Raises
    ------
    UserError
        When it is no JSON of museval's, or of a version without frames, has a target twice, or frames out of order.
    """
    content = read_json(path, finite=False, remedy=_REMEDY)
    targets = content.get("targets") if isinstance(content, dict) else None
    if not isinstance(targets, list) or not targets:
        raise _foreign(path, "no list 'targets'" if targets is None else "no target in it")
    tables = [_target(path, number, target) for number, target in enumerate(targets)]
    names = [str(table["target"].iloc[0]) for table in tables]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise UserError(f"{path}: target '{twice[0]}' twice, expected each once; {_REMEDY}")
    return pd.concat(tables, ignore_index=True)


def unscored(scores: pd.DataFrame) -> pd.Series:
    """Why a frame has no score, '' where it has one: the column ``dropped`` of scores that others computed."""
    return scores[list(METRICS)].isna().all(axis=1).map({True: UNSCORED, False: ""})


def _target(path: Path, number: int, target: Any) -> pd.DataFrame:
    where = f"targets[{number}]"
    if not isinstance(target, dict) or not isinstance(target.get("name"), str) or not target["name"]:
        raise _foreign(path, f"{where} has no name")
    frames = target.get("frames")
    if not isinstance(frames, list) or not frames:
        keys = ", ".join(sorted(map(str, target)))
        raise _foreign(path, f"{where} ('{target['name']}') has no frames, only {keys}: another version of the schema")
    values = _values(path, f"{where} ('{target['name']}')", frames)
    times = values[:, 0]
    if not np.isfinite(values[:, :2]).all() or (np.diff(times) <= 0).any():
        raise UserError(f"{path}: times of '{target['name']}' do not rise from frame to frame; {_REMEDY}")
    values[~np.isfinite(values)] = np.nan
    table = pd.DataFrame(values, columns=[*_NUMBERS, *METRICS])
    table.insert(0, "target", target["name"])
    table.insert(1, "frame", np.arange(len(table), dtype=np.int32))
    return table[COLUMNS]


def _values(path: Path, where: str, frames: list[Any]) -> np.ndarray:
    """``(frame, column)`` of time, duration and metrics."""
    try:
        rows = [
            [frame["time"], frame["duration"], *[frame["metrics"][metric] for metric in METRICS]] for frame in frames
        ]
    except (KeyError, TypeError) as error:
        raise _foreign(path, f"a frame of {where} lacks {error.args[0] if error.args else error}") from error
    numbers = {int, float, type(None)}  # null stands for NaN where JSON is written strictly
    if wrong := [value for row in rows for value in row if type(value) not in numbers]:
        raise _foreign(path, f"{wrong[0]!r} in a frame of {where} is no number")
    return np.array(rows, dtype=float)


def _foreign(path: Path, problem: str) -> UserError:
    return UserError(
        f"{path}: not a file of museval's scores, version 0.2 or later ({problem}; expected targets with frames of "
        f"time, duration and metrics {', '.join(METRICS)}); {_REMEDY}"
    )


def same_frames(tables: Iterable[tuple[str, pd.DataFrame]]) -> None:
    """:class:`UserError` when the frames of some scores, each with its name, have other lengths or distances."""
    known: dict[tuple[float, float], str] = {}
    for name, table in tables:
        for _, rows in table.groupby("target"):
            length = float(rows["duration"].median())
            hop = float(np.median(np.diff(rows["time"]))) if len(rows) > 1 else length
            known.setdefault((round(length, 6), round(hop, 6)), name)
    if len(known) > 1:
        told = "; ".join(f"{name}: {length:g} s, every {hop:g} s" for (length, hop), name in known.items())
        raise UserError(f"scores in other frames cannot be compared ({told}); score all with the same window and hop")
