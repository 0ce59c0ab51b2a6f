"""The report's players: per song its recordings, and per target the lanes that are drawn and switched between.

A lane is a recording with its outline, an SVG path in a box of one unit per column and 200 units height. A gate is what
a network says of a target: its activity probability as a path in percent, and the stretches, in percent of the length,
in which its gate is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_json
from reprosep.params.scale import Params
from reprosep.report.sections import data_uri
from reprosep.results.target_names import readable


def listening(params: Params, folder: Path) -> list[dict[str, Any]]:
    """The songs to listen to, recordings as data URIs; :class:`UserError` when the index is missing or foreign."""
    index = read_json(folder / "index.json")
    try:
        return [_song(params, song, folder) for song in index["songs"]]
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise UserError(
            f"{folder / 'index.json'}: not as this version writes it ({type(error).__name__}: {error}); "
            "delete the folder and run the step again"
        ) from error


def _song(params: Params, song: dict[str, Any], folder: Path) -> dict[str, Any]:
    corpus = params.corpora.get(song["corpus"])
    recordings = [{"key": "mixture", "label": "mixture", "data": data_uri(folder / song["mixture"]["file"])}]
    for item in song["targets"]:
        for key, label, recording in _recordings(item):
            name = f"{readable(item['target'])}: {label}"
            recordings.append({"key": key, "label": name, "data": data_uri(folder / recording["file"])})
    return {
        "song": song["song"],
        "corpus": corpus.title if corpus else song["corpus"],
        "seconds": song["seconds"],
        "threshold": song["threshold"],
        "recordings": recordings,
        "targets": [_target(song, item) for item in song["targets"]],
    }


def _recordings(item: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(key, label, entry of the index) of a target's recordings."""
    reference = [(f"{item['target']}-reference", "reference", item["reference"])]
    return reference + [(f"{item['target']}-{one['system']}", one["label"], one) for one in item["estimates"]]


def _target(song: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    own = _recordings(item)
    # Reference and estimates share a scale, so that they can be compared; the mixture, far louder, has its own.
    loudest = max(max(entry["outline"]) for _, _, entry in own)
    mixture = song["mixture"]["outline"]
    lanes = [{"key": "mixture", "label": "Mixture", "gated": False, **_outline(mixture, max(mixture))}]
    for key, label, entry in own:
        gated = entry.get("gate") is not None
        lanes.append({"key": key, "label": label.capitalize() if entry is item["reference"] else label, "gated": gated})
        lanes[-1] |= _outline(entry["outline"], loudest)
    return {
        "target": item["target"],
        "name": readable(item["target"]),
        "lanes": lanes,
        "active": _stretches(item["active"], song["seconds"]),
        "gates": [_gate(one, song["seconds"]) for one in item["estimates"] if one["probability"] is not None],
    }


def _outline(peaks: Sequence[int], loudest: int) -> dict[str, Any]:
    heights = [max(1, round(100 * peak / max(loudest, 1))) for peak in peaks]
    path = "".join(f"M{place} {100 - height}v{2 * height}" for place, height in enumerate(heights))
    return {"columns": len(peaks), "path": path}


def _gate(estimate: dict[str, Any], seconds: float) -> dict[str, Any]:
    percents = estimate["probability"]
    line = "M" + "L".join(f"{place} {100 - percent}" for place, percent in enumerate(percents))
    open_in = None if estimate["gate"] is None else _stretches(estimate["gate"], seconds)
    return {"label": estimate["label"], "frames": len(percents), "path": line, "open": open_in}


def _stretches(stretches: Sequence[Sequence[float]], seconds: float) -> list[tuple[float, float]]:
    """(left, width) in percent of the length."""
    ends = [(start, min(end, seconds)) for start, end in stretches]
    return [(round(100 * start / seconds, 2), round(100 * (end - start) / seconds, 2)) for start, end in ends]
