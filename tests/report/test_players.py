"""What is written for the players, and what the report makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reprosep.audio.outline import outline, percent, stretches
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.params.reading import parse
from reprosep.report.players import listening


def test_an_outline_has_the_peaks_of_all_channels() -> None:
    wave = np.zeros((2, 900), np.float32)
    wave[1, 450:] = -0.5
    wave[0, 899] = 2.0
    peaks = outline(wave)
    assert len(peaks) == 300 and peaks[:150] == [0] * 150 and peaks[150:-1] == [50] * 149 and peaks[-1] == 100
    assert outline(np.full((1, 7), 0.25)) == [25] * 7  # shorter than its columns


def test_stretches_are_in_seconds() -> None:
    assert stretches(np.array([True, True, False, False, True]), 0.5) == [[0.0, 1.0], [2.0, 2.5]]
    assert stretches(np.zeros(4, bool), 0.5) == []
    assert percent(np.array([0.0, 0.494, 1.0])) == [0, 49, 100]


def write(folder: Path, **change: object) -> Path:
    """An excerpt of one target with a gated and an ungated estimate."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.mp3").write_bytes(b"ID3")
    sound = {"file": "a.mp3", "outline": [50, 25]}
    gated = {"system": "iass", "label": "IASS", **sound, "probability": [20, 90], "gate": [[1.0, 2.0]]}
    ungated = {"probability": None, "gate": None}
    plain = {"system": "open-unmix", "label": "Open-Unmix", **sound, "outline": [0, 25], **ungated}
    target = {"target": "acoustic-guitar", "reference": sound, "active": [[0.5, 2.05]], "estimates": [gated, plain]}
    song = {"corpus": "mm", "song": "One", "seconds": 2.0, "threshold": 0.5, "mixture": sound, "targets": [target]}
    (folder / "index.json").write_text(json.dumps({"songs": [song | change]}))
    return folder


def test_lanes_and_gates(tmp_path: Path) -> None:
    settings = parse(read_yaml(repository() / "params.yaml"))
    (song,) = listening(settings, write(tmp_path))
    (target,) = song["targets"]
    assert target["name"] == "Acoustic guitar"
    assert [(lane["label"], lane["gated"]) for lane in target["lanes"]] == [
        ("Mixture", False),
        ("Reference", False),
        ("IASS", True),
        ("Open-Unmix", False),
    ]
    assert target["lanes"][-1]["path"] == "M0 99v2M1 50v100"  # silence is a line, the loudest peak fills the lane
    assert target["active"] == [(25.0, 75.0)]  # percent; frames that reach beyond the end are cut
    assert target["gates"] == [{"label": "IASS", "frames": 2, "path": "M0 80L1 10", "open": [(50.0, 50.0)]}]
    keys = [recording["key"] for recording in song["recordings"]]
    assert keys == [lane["key"] for lane in target["lanes"]] and len(set(keys)) == 4


def test_an_index_of_an_older_version_is_one_sentence(tmp_path: Path) -> None:
    settings = parse(read_yaml(repository() / "params.yaml"))
    with pytest.raises(UserError, match=r"index\.json: not as this version writes it .*; delete the folder"):
        listening(settings, write(tmp_path, mixture="a.mp3"))
