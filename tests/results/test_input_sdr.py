"""A check against physics: the input-SDR of a stem among N uncorrelated stems of equal RMS is -10 log10(N - 1).

The whole way is the project's own: recordings of different levels, equalised by the mixer, scored by BSS Eval as the
oracle of the unprocessed mixture. The published input-SDR of about -6 dB is that of five stems.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from conftest import Line
from reprosep.audio.store import read_table
from synthetic import RATE, make_params, write_licence, write_wave

STEMS = range(2, 9)
SECONDS = 5.0
OTHERS = ("violin", "piano", "flute", "cello", "electric bass", "drum set", "trumpet")


def write_song(root: Path, name: str, stems: int, seed: int) -> None:
    """Uncorrelated noise of levels that differ by up to 20 dB, the first stem sung."""
    random = np.random.default_rng(seed)
    entries: dict[str, Any] = {}
    for number, instrument in enumerate(("male singer", *OTHERS)[:stems], start=1):
        file = f"{name}_STEM_{number:02d}.wav"
        level = 0.2 * 10 ** (-random.uniform(0, 20) / 20)
        wave = np.clip(level * random.normal(size=(round(SECONDS * RATE), 1)) / 3, -0.99, 0.99)
        write_wave(root / "Audio" / name / f"{name}_STEMS" / file, wave)
        entries[f"S{number:02d}"] = {"component": "", "filename": file, "instrument": instrument}
    metadata = {"artist": name, "title": name, "stem_dir": f"{name}_STEMS", "stems": entries, "has_bleed": "no"}
    (root / "Audio" / name / f"{name}_METADATA.yaml").write_text(yaml.safe_dump(metadata))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Line:
    folder = tmp_path_factory.mktemp("physics")
    songs = {stems: f"Band{stems}_Song{stems}" for stems in STEMS}
    for stems, name in songs.items():
        write_song(folder / "recordings" / "mm", name, stems, stems)
    write_licence(folder / "recordings" / "mm")
    write_song(folder / "recordings" / "mm", "Trio_Training", 3, 100)
    corpus = {"targets": ["vocals"], "split": {"test": list(songs.values()), "train": ["Trio_Training"]}}
    line = Line(folder, make_params({"corpora": {"mm": {**corpus, "valid_fraction": 0.0, "test_fraction": 0.0}}}))
    line.prepare("mm")
    line.step("score", ["mm_vocals_input"], 1)
    return line


@pytest.mark.parametrize("stems", STEMS)
def test_input_sdr_follows_from_the_number_of_stems(scored: Line, stems: int) -> None:
    table = read_table(scored.results / "scores" / "mm_vocals_input.parquet")
    found = table[table["song"] == f"Band{stems}_Song{stems}"]["SDR"]
    assert len(found) >= 4
    assert found.median() == pytest.approx(-10 * np.log10(stems - 1), abs=0.3)
