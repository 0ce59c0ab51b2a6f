"""Published scores as others hand them in: museval's JSON of a few methods and songs, and a registry of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from loopback import register

SONGS = [f"Artist {number} - Song {number}" for number in range(7)]
TARGETS = {"BEST": ("vocals", "accompaniment"), "GOOD": ("vocals", "accompaniment"), "ALL4": ("vocals", "drums")}
MEDIANS = {"BEST": 6.0, "GOOD": 5.0, "ALL4": 2.0}


def song_scores(middle: float, seed: int, targets: tuple[str, ...] = ("vocals",), frames: int = 5) -> dict[str, Any]:
    """What museval writes of a song: scores around `middle` dB, the first frame without one."""
    random = np.random.default_rng(seed)
    return {
        "targets": [
            {
                "name": target,
                "frames": [
                    {
                        "time": float(place),
                        "duration": 1.0,
                        "metrics": {
                            metric: float("nan") if not place else round(middle + float(random.normal(0, 0.3)), 5)
                            for metric in ("SDR", "SIR", "SAR", "ISR")
                        },
                    }
                    for place in range(frames)
                ],
            }
            for target in targets
        ]
    }


def method_files(songs: list[str] = SONGS) -> dict[str, bytes]:
    """Path below the folder of all methods -> content."""
    return {
        f"{method}/test/{song}.json": json.dumps(song_scores(MEDIANS[method], number, targets)).encode()
        for method, targets in TARGETS.items()
        for number, song in enumerate(songs)
    }


def register_methods(registry: Path, files: dict[str, bytes], urls: list[str], **changes: Any) -> None:
    """The entry `mini` of published scores, and its list of files."""
    archives = [{"name": "mini.zip", "strip": 1, "urls": urls}]
    register(registry, "mini", archives, kind="scores", suffix=".json", mixture="none", file_list="mini.csv", **changes)
    rows = [f'"{path}",{len(content)},{hashlib.sha256(content).hexdigest()}' for path, content in files.items()]
    (registry / "mini.csv").write_text("\n".join(["path,bytes,sha256", *rows]) + "\n", encoding="utf-8")
